// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite struct BusQueueTests {
    private static let room = 1 << 20

    private func texts(_ messages: [BusMessage]) -> [String] { messages.map { String(buffer: $0.bytes) } }

    /// One message of 100 bytes in all.
    private func message(_ number: Int) -> BusMessage {
        .text("s", String(repeating: "x", count: 100 - 1 - BusQueue.overhead - 6) + "\(number + 100_000)")
    }

    @Test("Messages wait while the engine is away, and come in their order when it is there")
    func order() {
        var queue = BusQueue(maxBytes: Self.room)
        queue.append([.text("s", "1"), .text("s", "2")])
        #expect(queue.take(upTo: 1000).isEmpty)
        #expect(!queue.hasNext)
        queue.open(messageLimit: 1000)
        queue.append([.text("s", "3")])
        #expect(queue.hasNext)
        #expect(texts(queue.take(upTo: 1000)) == ["1", "2", "3"])
        #expect(!queue.hasNext && queue.unconfirmedCount == 3 && queue.waitingCount == 0)
        queue.confirm(2)
        #expect(queue.unconfirmedCount == 1)
        queue.confirm(5)
        #expect(queue.isEmpty && queue.bytes == 0)
    }

    @Test("A budget is kept but for one message")
    func budget() {
        var queue = BusQueue(maxBytes: Self.room)
        queue.open(messageLimit: 1000)
        queue.append((0..<5).map(message))
        #expect(queue.take(upTo: 1).count == 1)
        #expect(queue.take(upTo: 200).count == 2)
        #expect(queue.take(upTo: 201).count == 2)
    }

    @Test("What was not confirmed when the connection broke is sent again, before what waits")
    func again() {
        var queue = BusQueue(maxBytes: Self.room)
        queue.open(messageLimit: 1000)
        queue.append([.text("s", "1"), .text("s", "2"), .text("s", "3")])
        _ = queue.take(upTo: 1000)
        queue.confirm(1)
        queue.append([.text("s", "4")])
        queue.close()
        queue.append([.text("s", "5")])
        #expect(queue.waitingCount == 4 && queue.dropped == 0)
        queue.open(messageLimit: 1000)
        #expect(texts(queue.take(upTo: 1000)) == ["2", "3", "4", "5"])
    }

    @Test("Beyond the bound the oldest that wait are dropped and counted")
    func bound() {
        var queue = BusQueue(maxBytes: 1000)
        queue.append((0..<15).map(message))
        #expect(queue.bytes == 1000 && queue.dropped == 5 && queue.tooLarge == 0)
        queue.open(messageLimit: 1000)
        #expect(texts(queue.take(upTo: 100)) == texts([message(5)]))
    }

    @Test("What was sent takes half of the bound at most, and is not what is dropped")
    func half() {
        var queue = BusQueue(maxBytes: 1000)
        queue.open(messageLimit: 1000)
        queue.append((0..<10).map(message))
        #expect(queue.take(upTo: 10_000).count == 5)
        #expect(!queue.hasNext)
        queue.append((10..<13).map(message))
        #expect(queue.dropped == 3 && queue.unconfirmedCount == 5 && queue.bytes == 1000)
        queue.confirm(1)
        #expect(texts(queue.take(upTo: 10_000)) == texts([message(8)]))
    }

    @Test("A message that is larger than half of the bound still goes, and one that is larger than all of it never does")
    func large() {
        var queue = BusQueue(maxBytes: 1000)
        queue.open(messageLimit: 10_000)
        queue.append([.text("s", String(repeating: "x", count: 800))])
        #expect(queue.take(upTo: 1).count == 1)
        queue.append([.text("s", String(repeating: "x", count: 1000))])
        #expect(queue.dropped == 1 && queue.waitingCount == 0 && queue.unconfirmedCount == 1)
    }

    @Test("Only so many are unconfirmed at a time")
    func window() {
        var queue = BusQueue(maxBytes: 1 << 30)
        queue.open(messageLimit: 1000)
        queue.append((0..<BusQueue.maxUnconfirmed + 10).map(message))
        #expect(queue.take(upTo: 1 << 30).count == BusQueue.maxUnconfirmed)
        #expect(!queue.hasNext)
        queue.confirm(4)
        #expect(queue.take(upTo: 1 << 30).count == 4)
    }

    @Test("What is fleeting neither waits for the engine nor is sent again, and is not counted")
    func fleeting() {
        var queue = BusQueue(maxBytes: Self.room)
        queue.append([.text("s", "1", isFleeting: true), .text("s", "2")])
        queue.open(messageLimit: 1000)
        queue.append([.text("s", "3", isFleeting: true), .text("s", "4")])
        #expect(texts(queue.take(upTo: 100)) == ["2", "3"])
        queue.append([.text("s", "5", isFleeting: true)])
        queue.close()
        queue.open(messageLimit: 1000)
        #expect(texts(queue.take(upTo: 1000)) == ["2", "4"])
        #expect(queue.dropped == 0)
    }

    @Test("While it is held, only what is urgent goes out; then all that waited, in its order")
    func held() {
        var queue = BusQueue(maxBytes: Self.room)
        queue.append([.text("s", "lost", isFleeting: true, isUrgent: true), .text("s", "1")])
        queue.open(messageLimit: 1000)
        queue.isHeld = true
        #expect(!queue.hasNext)
        queue.append([.text("s", "2"), .text("s", "now", isFleeting: true, isUrgent: true)])
        #expect(texts(queue.take(upTo: 1000)) == ["now"])
        #expect(!queue.hasNext && !queue.isEmpty)
        queue.isHeld = false
        #expect(texts(queue.take(upTo: 1000)) == ["1", "2"])
        queue.confirm(1)
        queue.isHeld = true
        queue.append([.text("s", "3")])
        queue.close()
        #expect(!queue.isHeld, "it is held anew when it is open again, or not")
        queue.open(messageLimit: 1000)
        #expect(texts(queue.take(upTo: 1000)) == ["1", "2", "3"])
        queue.confirm(3)
        #expect(queue.isEmpty && queue.bytes == 0 && queue.dropped == 0)
    }

    @Test("What the engine does not take is dropped and counted, whether it was there before the limit was known or comes later")
    func limit() {
        var queue = BusQueue(maxBytes: Self.room)
        queue.append([.text("s", "12345"), .text("s", "1234"), .text("s", "123456")])
        queue.open(messageLimit: 4)
        #expect(queue.dropped == 2 && queue.tooLarge == 2)
        queue.append([.text("s", "12345"), .text("s", "1")])
        #expect(queue.dropped == 3 && queue.tooLarge == 3)
        #expect(texts(queue.take(upTo: 1)) == ["1234"])
        queue.limit(2)
        #expect(queue.unconfirmedCount == 1, "what was sent stays")
        #expect(texts(queue.take(upTo: 100)) == ["1"])
        queue.confirm(2)
        #expect(queue.isEmpty && queue.bytes == 0)
    }

    @Test("Every message is waiting, unconfirmed, confirmed or counted, whatever happens", arguments: 0..<8 as Range<UInt64>)
    func counts(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        var queue = BusQueue(maxBytes: 3000)
        var given = 0
        var confirmed = 0
        var last = -1
        for _ in 0..<1000 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let count = Int.random(in: 0...8, using: &random)
                queue.append((given..<given + count).map(message))
                given += count
            case 2, 3:
                for taken in texts(queue.take(upTo: Int.random(in: 1...900, using: &random))) {
                    let number = Int(taken.suffix(6)) ?? -1
                    #expect(number > last)
                    last = number
                }
            case 4:
                let count = Int.random(in: 0...queue.unconfirmedCount, using: &random)
                queue.confirm(count)
                confirmed += count
            default:
                if queue.isOpen { queue.close() } else { queue.open(messageLimit: 1000) }
                last = -1
            }
            #expect(given == queue.waitingCount + queue.unconfirmedCount + confirmed + queue.dropped)
            #expect(queue.bytes == 100 * (queue.waitingCount + queue.unconfirmedCount) && queue.bytes <= 3000)
        }
    }
}
