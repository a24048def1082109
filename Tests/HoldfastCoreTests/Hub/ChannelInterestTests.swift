// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ChannelInterestTests {
    private let room = ChannelName.sample("room")
    private let hall = ChannelName.sample("hall")

    private func loops(_ interest: ChannelInterest, _ channel: ChannelName) -> [Int] {
        (0..<70).filter(interest.loops(of: channel).contains)
    }

    @Test("The first begins interest, the last ends it, whichever loops they are on")
    func firstAndLast() {
        var interest = ChannelInterest()
        #expect(!interest.isHeard(room))
        let begun = [interest.begin(room, on: 0), interest.begin(room, on: 3), interest.begin(room, on: nil), interest.begin(hall, on: 3)]
        #expect(begun == [true, false, false, true])
        #expect(loops(interest, room) == [0, 3])
        let ended = [interest.end(room, on: 0), interest.end(room, on: nil)]
        #expect(ended == [false, false])
        #expect(loops(interest, room) == [3])
        let last = interest.end(room, on: 3)
        #expect(last)
        #expect(!interest.isHeard(room))
        #expect(interest.isHeard(hall))
        #expect(loops(interest, room).isEmpty)
    }

    @Test("One who listens without a loop is heard of, and needs none")
    func tap() {
        var interest = ChannelInterest()
        _ = interest.begin(room, on: nil)
        #expect(interest.isHeard(room))
        #expect(interest.loops(of: room).isEmpty)
    }

    @Test("What never began does not end")
    func unknown() {
        var interest = ChannelInterest()
        let ended = interest.end(room, on: 0)
        #expect(!ended)
    }

    @Test("From the 64th on, loops are asked together as long as anybody is there")
    func manyLoops() {
        var interest = ChannelInterest()
        for loop in [62, 63, 69] { _ = interest.begin(room, on: loop) }
        #expect(loops(interest, room) == [62, 63, 64, 65, 66, 67, 68, 69])
        _ = interest.end(room, on: 63)
        #expect(loops(interest, room).contains(69), "it is still there")
        _ = interest.end(room, on: 62)
        #expect(!loops(interest, room).contains(62))
    }
}
