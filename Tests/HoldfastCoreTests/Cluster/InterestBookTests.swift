// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastCore

@Suite struct InterestBookTests {
    private let room = ChannelName.sample("room")

    @Test("A channel is asked for once, and given up when nobody came back in time")
    func linger() {
        var book = InterestBook(linger: .seconds(2))
        #expect(book.began(room) == true)
        #expect(book.began(room) == false)
        book.ended(room, at: .after(.seconds(10)))
        #expect(book.due(at: .after(.milliseconds(11_999))) == [])
        #expect(book.isWanted(room))
        #expect(book.due(at: .after(.seconds(12))) == [room])
        #expect(!book.isWanted(room))
        #expect(book.due(at: .after(.seconds(99))) == [])
        #expect(book.began(room) == true)
        #expect(book.count == 1)
    }

    @Test("Who comes back in time finds it as it was, and the next end counts from its own time")
    func back() {
        var book = InterestBook(linger: .seconds(2))
        #expect(book.began(room) == true)
        book.ended(room, at: .after(.seconds(0)))
        #expect(book.began(room) == false)
        #expect(book.due(at: .after(.seconds(3))) == [])
        book.ended(room, at: .after(.seconds(3)))
        book.ended(room, at: .after(.seconds(4)))
        #expect(book.due(at: .after(.milliseconds(4_900))) == [])
        #expect(book.due(at: .after(.seconds(5))) == [room])
        book.ended(room, at: .after(.seconds(6)))
        #expect(book.due(at: .after(.seconds(60))) == [])
    }

    @Test("Without linger a channel ends at once")
    func none() {
        var book = InterestBook(linger: .zero)
        _ = book.began(room)
        book.ended(room, at: .after(.zero))
        #expect(book.due(at: .after(.zero)) == [room])
    }

    @Test("It agrees with a plain model", arguments: 0..<10)
    func model(seed: UInt64) {
        var random = QuickRandom(seed: seed)
        var book = InterestBook(linger: .milliseconds(500))
        var present: Set<ChannelName> = []
        var until: [ChannelName: MonotonicTime] = [:]
        var wanted: Set<ChannelName> = []
        for step in 0..<3_000 {
            let now = MonotonicTime.after(.milliseconds(50 * step))
            let channel = ChannelName.sample("c\(Int.random(in: 0..<8, using: &random))")
            if random.oneIn(2) {
                #expect(book.began(channel) == !wanted.contains(channel))
                present.insert(channel)
                wanted.insert(channel)
                until[channel] = nil
            } else if present.remove(channel) != nil {
                book.ended(channel, at: now)
                until[channel] = now + .milliseconds(500)
            }
            let due = Set(book.due(at: now))
            #expect(due == Set(until.filter { $0.value <= now }.keys))
            for channel in due {
                until[channel] = nil
                wanted.remove(channel)
            }
            #expect(book.count == wanted.count)
        }
    }

    @Test("A channel that comes and goes all the time leaves nothing behind")
    func flapping() {
        var book = InterestBook(linger: .seconds(3600))
        let channel = ChannelName.sample("c")
        for second in 0..<10_000 {
            _ = book.began(channel)
            book.ended(channel, at: .after(.seconds(second)))
        }
        #expect(book.remembered < 200)
        #expect(book.due(at: .after(.seconds(13_598))) == [])
        #expect(book.due(at: .after(.seconds(13_599))) == [channel])
    }
}
