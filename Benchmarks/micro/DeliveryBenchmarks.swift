// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastCore
import HoldfastWire
import NIOCore

/// A connection's decisions about a message: from the client to the app, the app's answer, and back to the client.
func deliveryBenchmarks() {
    let (limits, now) = (ConnectionLimits(), MonotonicTime(nanoseconds: 1))

    Benchmark("delivery: a message to the app and its answer") { benchmark in
        var connection = ConnectionMachine.asking
        blackHole(connection.appAccepted())
        var delivery = DeliveryMachine()
        let message = Event.message(.text(Samples.payload))
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            blackHole(connection.messageReceived())
            blackHole(delivery.occurred(message, at: now, limits: limits))
            blackHole(delivery.next(batches: true))
            blackHole(delivery.answered(limits: limits))
        }
    }

    Benchmark("answer: a plan of one action") { benchmark in
        let session = Samples.session(for: JSONDialect())
        let actions = [Action.send(.text(Samples.payload), to: nil)]
        for _ in benchmark.scaledIterations { blackHole(try AnswerPlan.check(actions, offered: nil, session: session, limits: limits)) }
    }

    Benchmark("send queue: a frame in and out") { benchmark in
        var queue = SendQueue()
        let frame = FrameWriter.frame(.text, Samples.payload)
        for _ in benchmark.scaledIterations {
            blackHole(queue.enqueue(frame, limit: 1 << 20, policy: .close))
            blackHole(queue.next())
            blackHole(queue.next())
        }
    }

    Benchmark("wheel: a reminder set and due") { benchmark in
        var wheel = DeadlineWheel<Int>(tick: .milliseconds(100), slotCount: 512, now: now)
        var time = now
        for number in benchmark.scaledIterations {
            wheel.remind(number, at: time + .milliseconds(100))
            time = time + .milliseconds(100)
            blackHole(wheel.due(at: time))
        }
    }
}
