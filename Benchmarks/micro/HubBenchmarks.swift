// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastCore

/// Who is subscribed to what, and who gets a publication.
func hubBenchmarks() {
    for count in [1, 1000] {
        Benchmark("index: the \(count) subscribers of a channel") { benchmark in
            var index = SubscriptionIndex<Subscriber>()
            for key in 0..<UInt32(count) { blackHole(index.subscribe(Subscriber(), key, to: Samples.channel)) }
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations {
                for (_, subscriber) in index.subscribers(of: Samples.channel) ?? [:] { subscriber.reached += 1 }
            }
            blackHole(index)
        }
    }

    Benchmark("index: subscribe and unsubscribe, among 10,000 channels") { benchmark in
        var index = SubscriptionIndex<Subscriber>()
        let (subscriber, names) = (Subscriber(), (0..<10_000).map { Samples.channelName("room-\($0)") })
        for name in names { blackHole(index.subscribe(subscriber, 1, to: name)) }
        benchmark.startMeasurement()
        for number in benchmark.scaledIterations {
            let name = names[number % names.count]
            blackHole(index.subscribe(subscriber, 2, to: name))
            blackHole(index.unsubscribe(2, from: name))
        }
    }

    Benchmark("slots: a member in and out, among 10,000") { benchmark in
        var table = SlotTable<Subscriber>()
        let subscriber = Subscriber()
        for _ in 0..<10_000 { table.insert(subscriber, at: table.reserve()) }
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            let slot = table.reserve()
            table.insert(subscriber, at: slot)
            blackHole(table[slot])
            table.remove(slot)
        }
    }

    Benchmark("repetitions: an id that is new") { benchmark in
        var window = DeduplicationWindow()
        for number in benchmark.scaledIterations {
            blackHole(window.admit(channel: Samples.channel, id: String(number), at: MonotonicTime(nanoseconds: Int64(number))))
        }
    }
}

/// In the place of a connection.
private final class Subscriber {
    var reached = 0
}
