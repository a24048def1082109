// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct LostRecordQueueTests {
    private func record(_ seed: UInt64, _ count: Int = 100) -> ConnectionRecord {
        ConnectionRecord(id: .sample(seed), bytes: ByteBuffer(repeating: 1, count: count))
    }

    @Test("First in, first out, within the room that there is")
    func order() {
        var queue = LostRecordQueue()
        for seed in 1...3 {
            let isTaken = queue.add(record(UInt64(seed)), at: .after(.zero), room: 10_000)
            #expect(isTaken)
        }
        let full = queue.bytes
        #expect(full > 300 && queue.count == 3)
        let isTaken = queue.add(record(4, 1000), at: .after(.zero), room: 1000)
        #expect(!isTaken)
        #expect(queue.count == 3 && queue.bytes == full)
        for seed in 1...3 {
            let next = queue.next()
            #expect(next == record(UInt64(seed)))
        }
        let last = queue.next()
        #expect(last == nil)
        #expect(queue.bytes == 0 && queue.count == 0)
    }

    @Test("What has waited too long is given up, and nothing else")
    func expiry() {
        var queue = LostRecordQueue()
        _ = queue.add(record(1), at: .after(.seconds(0)), room: 10_000)
        _ = queue.add(record(2), at: .after(.seconds(1)), room: 10_000)
        _ = queue.add(record(3), at: .after(.seconds(100)), room: 10_000)
        let none = queue.expire(at: .after(LostRecordQueue.longestWait))
        let two = queue.expire(at: .after(LostRecordQueue.longestWait + .seconds(2)))
        let next = queue.next()
        #expect(none == 0 && two == 2 && next == record(3))
        #expect(queue.bytes == 0)
    }
}
