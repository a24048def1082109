// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct SendQueueTests {
    @Test("Frames come out in the order in which they went in", arguments: SlowReaderPolicy.allCases)
    func order(_ policy: SlowReaderPolicy) {
        var queue = SendQueue()
        #expect(queue.isEmpty)
        for text in ["a", "bb", "ccc"] { #expect(queue.enqueue(frame(text), limit: 100, policy: policy) == .taken(dropped: 0)) }
        #expect(queue.bytes == 6)
        #expect(!queue.isEmpty)
        #expect(drain(&queue) == ["a", "bb", "ccc"])
        #expect(queue.bytes == 0)
        #expect(queue.isEmpty)
    }

    @Test("A frame that fills the queue to its limit is taken; the next byte is too many", arguments: SlowReaderPolicy.allCases)
    func limit(_ policy: SlowReaderPolicy) {
        var queue = SendQueue()
        #expect(queue.enqueue(frame("12345"), limit: 10, policy: policy) == .taken(dropped: 0))
        #expect(queue.enqueue(frame("67890"), limit: 10, policy: policy) == .taken(dropped: 0))
        let intake = queue.enqueue(frame("x"), limit: 10, policy: policy)
        switch policy {
        case .close: #expect(intake == .overflow)
        case .dropNewest: #expect(intake == .full)
        case .dropOldest: #expect(intake == .taken(dropped: 1))
        }
        #expect(queue.bytes <= 10)
    }

    @Test("With close, an overflow leaves the queue as it was")
    func close() {
        var queue = filled("aaaa", "bbbb")
        #expect(queue.enqueue(frame("ccc"), limit: 10, policy: .close) == .overflow)
        #expect(queue.bytes == 8)
        #expect(drain(&queue) == ["aaaa", "bbbb"])
    }

    @Test("With dropNewest, the new frame is dropped and smaller ones still fit")
    func dropNewest() {
        var queue = filled("aaaa", "bbbb")
        #expect(queue.enqueue(frame("ccc"), limit: 10, policy: .dropNewest) == .full)
        #expect(queue.enqueue(frame("cc"), limit: 10, policy: .dropNewest) == .taken(dropped: 0))
        #expect(drain(&queue) == ["aaaa", "bbbb", "cc"])
    }

    @Test("With dropOldest, as many old frames go as the new one needs room")
    func dropOldest() {
        var queue = filled("aaaa", "bbbb")
        #expect(queue.enqueue(frame("ccc"), limit: 10, policy: .dropOldest) == .taken(dropped: 1))
        #expect(queue.bytes == 7)
        #expect(queue.enqueue(frame("dddddddd"), limit: 10, policy: .dropOldest) == .taken(dropped: 2))
        #expect(drain(&queue) == ["dddddddd"])
    }

    @Test("A frame larger than the limit is taken when nothing else waits, for it could never fit otherwise", arguments: SlowReaderPolicy.allCases)
    func oversize(_ policy: SlowReaderPolicy) {
        var queue = SendQueue()
        #expect(queue.enqueue(frame("far too long"), limit: 10, policy: policy) == .taken(dropped: 0))
        #expect(queue.bytes == 12)
        #expect(queue.enqueue(frame("x"), limit: 10, policy: policy) != .taken(dropped: 0))
    }

    @Test("With dropOldest, a frame larger than the limit takes the whole queue")
    func oversizeDropsAll() {
        var queue = filled("aaaa", "bbbb")
        #expect(queue.enqueue(frame("far too long"), limit: 10, policy: .dropOldest) == .taken(dropped: 2))
        #expect(queue.bytes == 12)
        #expect(drain(&queue) == ["far too long"])
    }

    @Test(
        "Short frames are bounded in number too: one for each 128 bytes of the limit, but 64 in any case",
        arguments: [(100, 64), (8192, 64), (8320, 65), (1 << 20, 8192)])
    func number(_ limit: Int, _ most: Int) {
        for text in ["", "x"] {
            var full = SendQueue()
            for _ in 0..<most { #expect(full.enqueue(frame(text), limit: limit, policy: .close) == .taken(dropped: 0)) }
            var queue = full
            #expect(queue.enqueue(frame(text), limit: limit, policy: .close) == .overflow)
            #expect(queue.enqueue(frame(text), limit: limit, policy: .dropNewest) == .full)
            #expect(queue.enqueue(frame("new"), limit: limit, policy: .dropOldest) == .taken(dropped: 1))
            queue.enqueueClose(frame("close"))
            #expect(drain(&queue) == [String](repeating: text, count: most - 1) + ["new", "close"])
            #expect(drain(&full).count == most, "a copy is a queue of its own")
        }
    }

    @Test("Only the latest pong is kept, it goes out before messages, and it takes no room from them")
    func pong() {
        var queue = filled("aaaa")
        for text in ["one", "two", "three"] { queue.enqueuePong(frame(text)) }
        #expect(queue.bytes == 4)
        #expect(drain(&queue) == ["three", "aaaa"])
        queue.enqueuePong(frame("four"))
        #expect(!queue.isEmpty)
        #expect(drain(&queue) == ["four"])
        #expect(queue.isEmpty)
    }

    @Test("A pong that comes while the queue is written out goes next")
    func latePong() {
        var queue = filled("a", "b")
        #expect(text(queue.next()) == "a")
        queue.enqueuePong(frame("pong"))
        #expect(drain(&queue) == ["pong", "b"])
    }

    @Test("The close frame goes behind everything else, whatever the limit")
    func closeBehind() {
        var queue = filled("aaaa", "bbbb")
        #expect(queue.enqueue(frame("cc"), limit: 10, policy: .close) == .taken(dropped: 0))
        queue.enqueueClose(frame("close"))
        queue.enqueuePong(frame("pong"))
        #expect(queue.bytes == 15)
        #expect(drain(&queue) == ["pong", "aaaa", "bbbb", "cc", "close"])
    }

    @Test("A queue that was emptied or cleared starts anew")
    func startsAnew() {
        var queue = filled("aaaa")
        _ = drain(&queue)
        #expect(queue.enqueue(frame("0123456789"), limit: 10, policy: .close) == .taken(dropped: 0))
        queue.enqueuePong(frame("pong"))
        queue.removeAll()
        #expect(queue.isEmpty)
        #expect(queue.bytes == 0)
        #expect(queue.next() == nil)
        #expect(queue.enqueue(frame("0123456789"), limit: 10, policy: .close) == .taken(dropped: 0))
    }

    @Test("An empty frame is a frame", arguments: SlowReaderPolicy.allCases)
    func emptyFrame(_ policy: SlowReaderPolicy) {
        var queue = filled("0123456789")
        #expect(queue.enqueue(frame(""), limit: 10, policy: policy) == .taken(dropped: 0))
        #expect(drain(&queue) == ["0123456789", ""])
    }

    @Test("Under any load the queue keeps its limit, counts its bytes, and loses only what it says", arguments: 0..<60)
    func property(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        let policy = SlowReaderPolicy.allCases[Int(seed % 3)]
        let limit = 64
        var queue = SendQueue()
        var model: [String] = []
        for number in 0..<400 {
            if generator.oneIn(3) {
                let next = text(queue.next())
                #expect(next == (model.isEmpty ? nil : model.removeFirst()))
            } else {
                let text = "\(number):" + String(repeating: "x", count: Int.random(in: 0..<30, using: &generator))
                switch queue.enqueue(frame(text), limit: limit, policy: policy) {
                case .taken(let dropped):
                    model.removeFirst(dropped)
                    model.append(text)
                case .full: #expect(policy == .dropNewest)
                case .overflow: #expect(policy == .close)
                }
            }
            #expect(queue.bytes == model.reduce(0) { $0 + $1.utf8.count })
            #expect(queue.bytes <= limit)
            #expect(queue.isEmpty == model.isEmpty)
        }
        #expect(drain(&queue) == model)
    }

    private func frame(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func text(_ frame: ByteBuffer?) -> String? { frame.map { String(buffer: $0) } }

    private func filled(_ texts: String...) -> SendQueue {
        var queue = SendQueue()
        for text in texts { _ = queue.enqueue(frame(text), limit: .max, policy: .close) }
        return queue
    }

    private func drain(_ queue: inout SendQueue) -> [String] {
        var texts: [String] = []
        while let frame = queue.next() { texts.append(String(buffer: frame)) }
        return texts
    }
}
