// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct SubscriptionIndexTests {
    private let room = ChannelName.sample("room")
    private let hall = ChannelName.sample("hall")

    @Test("Interest begins with a channel's first subscriber and ends with its last")
    func interest() {
        var index = SubscriptionIndex<String>()
        #expect(index.subscribe("a", 1, to: room) == true)
        #expect(index.subscribe("b", 2, to: room) == false)
        #expect(index.unsubscribe(1, from: room) == false)
        #expect(index.unsubscribe(2, from: room) == true)
        #expect(index.subscribers(of: room) == nil)
        #expect(index.subscribe("c", 3, to: room) == true)
    }

    @Test("Subscribing twice counts once, and one unsubscription undoes it")
    func twice() {
        var index = SubscriptionIndex<String>()
        #expect(index.subscribe("a", 1, to: room) == true)
        #expect(index.subscribe("a again", 1, to: room) == false)
        #expect(index.count == 1)
        #expect(index.subscribers(of: room)?.entries.map(\.subscriber) == ["a again"])
        #expect(index.unsubscribe(1, from: room) == true)
        #expect(index.count == 0)
    }

    @Test("Unsubscribing what is not subscribed changes nothing and ends no interest")
    func notSubscribed() {
        var index = SubscriptionIndex<String>()
        #expect(index.unsubscribe(1, from: room) == false)
        #expect(index.subscribe("a", 1, to: room) == true)
        #expect(index.unsubscribe(2, from: room) == false)
        #expect(index.unsubscribe(1, from: hall) == false)
        #expect(index.count == 1)
    }

    @Test("Channels do not touch each other, and their counts are told by name")
    func counts() {
        var index = SubscriptionIndex<String>()
        _ = index.subscribe("a", 1, to: room)
        _ = index.subscribe("a", 1, to: hall)
        _ = index.subscribe("b", 2, to: hall)
        #expect(index.count == 3)
        let counts = Dictionary(uniqueKeysWithValues: index.counts.map { ($0.name, $0.subscribers) })
        #expect(counts == [room: 1, hall: 2])
        _ = index.unsubscribe(1, from: room)
        #expect(index.counts.map(\.name) == [hall])
    }

    @Test("At random it holds what a set of pairs holds, with few subscribers and with many", arguments: 0..<20, [4, 100] as [UInt32])
    func model(_ seed: UInt64, keyCount: UInt32) {
        struct Pair: Hashable {
            let channel: ChannelName
            let key: UInt32
        }
        var generator = QuickRandom(seed: seed)
        var index = SubscriptionIndex<UInt32>()
        var model: Set<Pair> = []
        for step in 0..<(500 * Int(keyCount) / 4) {
            let channel = ChannelName.sample("channel \(Int.random(in: 0..<4, using: &generator))")
            let key = UInt32.random(in: 0..<keyCount, using: &generator)
            let before = model.count { $0.channel == channel }
            // There are times when more come and times when more go, so that channels grow and shrink.
            let isGrowing = step / (50 * Int(keyCount)) % 2 == 0
            if generator.oneIn(isGrowing ? 2 : 32) {
                let isNew = model.insert(Pair(channel: channel, key: key)).inserted
                #expect(index.subscribe(key, key, to: channel) == (isNew && before == 0))
            } else {
                let wasThere = model.remove(Pair(channel: channel, key: key)) != nil
                #expect(index.unsubscribe(key, from: channel) == (wasThere && before == 1))
            }
            #expect(index.count == model.count)
            let keys = Set(model.filter { $0.channel == channel }.map(\.key))
            let entries = index.subscribers(of: channel)?.entries ?? []
            #expect(entries.count == keys.count)
            #expect(Set(entries.map(\.key)) == keys)
            #expect(entries.allSatisfy { $0.key == $0.subscriber })
        }
    }
}
