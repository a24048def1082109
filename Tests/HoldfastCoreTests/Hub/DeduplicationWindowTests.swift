// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct DeduplicationWindowTests {
    private let room = ChannelName.sample("room")
    private let hall = ChannelName.sample("hall")

    @Test("An id is new once per channel")
    func perChannel() {
        var window = DeduplicationWindow()
        #expect(window.admit(channel: room, id: "1", at: .after(.zero)) == true)
        #expect(window.admit(channel: room, id: "1", at: .after(.zero)) == false)
        #expect(window.admit(channel: hall, id: "1", at: .after(.zero)) == true)
        #expect(window.admit(channel: room, id: "2", at: .after(.zero)) == true)
    }

    @Test("It is remembered for 60 seconds from the first time, however often it is repeated")
    func span() {
        var window = DeduplicationWindow()
        #expect(window.admit(channel: room, id: "1", at: .after(.seconds(10))) == true)
        #expect(window.admit(channel: room, id: "1", at: .after(.seconds(40))) == false)
        #expect(window.admit(channel: room, id: "1", at: .after(.milliseconds(69_999))) == false)
        #expect(window.admit(channel: room, id: "1", at: .after(.seconds(70))) == true)
        #expect(window.admit(channel: room, id: "1", at: .after(.seconds(129))) == false)
        #expect(DeduplicationWindow.span == .seconds(60))
    }

    @Test("A channel and an id are not mistaken for another pair that reads the same")
    func pairs() {
        var window = DeduplicationWindow()
        #expect(window.admit(channel: .sample("a"), id: "bc", at: .after(.zero)) == true)
        #expect(window.admit(channel: .sample("ab"), id: "c", at: .after(.zero)) == true)
    }

    @Test("Ids are told apart by their bytes: two spellings of a letter are two ids")
    func spellings() {
        var window = DeduplicationWindow()
        #expect(window.admit(channel: room, id: "\u{E9}", at: .after(.zero)) == true)
        #expect(window.admit(channel: room, id: "e\u{301}", at: .after(.zero)) == true)
        #expect(window.admit(channel: room, id: "\u{E9}", at: .after(.zero)) == false)
        #expect(window.admit(channel: room, id: "e\u{301}", at: .after(.zero)) == false)
    }

    @Test("At its bound the oldest id is forgotten early, and only that")
    func bound() {
        var window = DeduplicationWindow()
        for number in 0..<DeduplicationWindow.maxEntries { _ = window.admit(channel: room, id: "\(number)", at: .after(.zero)) }
        #expect(window.admit(channel: room, id: "0", at: .after(.zero)) == false, "as many as are promised are remembered")
        #expect(window.admit(channel: room, id: "one more", at: .after(.zero)) == true)
        #expect(window.admit(channel: room, id: "0", at: .after(.zero)) == true)
        #expect(window.admit(channel: room, id: "2", at: .after(.zero)) == false)
        #expect(window.admit(channel: room, id: "one more", at: .after(.zero)) == false)
    }

    @Test("At random times it answers as a plain list does", arguments: 0..<20)
    func model(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        var window = DeduplicationWindow()
        var admitted: [String: MonotonicTime] = [:]
        var now = MonotonicTime.after(.zero)
        for _ in 0..<500 {
            now = now + .milliseconds(Int.random(in: 0...3000, using: &generator))
            let id = "\(Int.random(in: 0..<30, using: &generator))"
            let isNew = admitted[id].map { now.since($0) >= .seconds(60) } ?? true
            #expect(window.admit(channel: room, id: id, at: now) == isNew)
            if isNew { admitted[id] = now }
        }
    }
}
