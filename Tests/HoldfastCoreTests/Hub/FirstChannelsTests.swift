// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct FirstChannelsTests {
    private func name(_ number: Int) -> ChannelName { .sample(String(number + 100_000)) }

    @Test("The first by name, behind the cursor, with what all have of each")
    func merged() {
        var channels = FirstChannels(after: .sample("b"), limit: 2)
        channels.add([ChannelCount(name: .sample("c"), subscribers: 1), ChannelCount(name: .sample("a"), subscribers: 9)])
        channels.add([ChannelCount(name: .sample("d"), subscribers: 2), ChannelCount(name: .sample("b"), subscribers: 9)])
        channels.add([ChannelCount(name: .sample("c"), subscribers: 5), ChannelCount(name: .sample("e"), subscribers: 1)])
        #expect(channels.first == [ChannelCount(name: .sample("c"), subscribers: 6), ChannelCount(name: .sample("d"), subscribers: 2)])
    }

    @Test("Of very many the same are picked as by sorting all", arguments: [0, 1, 7, 500])
    func many(_ limit: Int) {
        var shuffled = Array(0..<5000)
        shuffled.shuffle()
        // Three sources, of which each gives only the first of its own.
        let sources = (0..<3).map { source in
            var own = FirstChannels(after: name(99), limit: limit)
            for number in shuffled where number % 3 == source || number % 2 == 0 { own.add(name(number), 1) }
            return own.first
        }
        var all = FirstChannels(after: name(99), limit: limit)
        for source in sources { all.add(source) }
        let expected = (100..<(100 + limit)).map { ChannelCount(name: name($0), subscribers: $0 % 2 == 0 ? 3 : 1) }
        #expect(all.first == expected)
    }

    @Test("A limit below zero is none")
    func negative() {
        var channels = FirstChannels(after: nil, limit: -5)
        channels.add(.sample("a"), 1)
        #expect(channels.first.isEmpty)
    }
}
