// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import NIOCore

/// Records of lost nodes that wait until their app can be told: as bytes, within a limit, and not for ever.
package struct LostRecordQueue: Sendable {
    /// What has waited longer is given up: nobody wants to hear of it any more.
    package static let longestWait = Duration.seconds(3600)
    /// What a record takes beside its bytes.
    static let overhead = 96

    private struct Waiting: Sendable {
        let record: ConnectionRecord
        let since: MonotonicTime
    }

    private var queue: Deque<Waiting> = []
    /// Of all that waits.
    package private(set) var bytes = 0

    package init() {}

    package var count: Int { queue.count }

    /// - Parameter room: bytes that may be taken.
    /// - Returns: whether there was room for it.
    package mutating func add(_ record: ConnectionRecord, at now: MonotonicTime, room: Int) -> Bool {
        let size = record.bytes.readableBytes + Self.overhead
        guard size <= room else { return false }
        queue.append(Waiting(record: record, since: now))
        bytes += size
        return true
    }

    /// The one that has waited longest.
    package mutating func next() -> ConnectionRecord? {
        guard let first = queue.popFirst() else { return nil }
        bytes -= first.record.bytes.readableBytes + Self.overhead
        return first.record
    }

    /// Gives up what has waited too long.
    ///
    /// - Returns: how many those are.
    package mutating func expire(at now: MonotonicTime) -> Int {
        var count = 0
        while let first = queue.first, now.since(first.since) > Self.longestWait {
            _ = next()
            count += 1
        }
        return count
    }
}
