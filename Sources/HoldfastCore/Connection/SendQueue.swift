// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
package import NIOCore

/// Frames that wait for a client that reads slower than it is written to. Bounded in bytes; what happens at the bound is the route's policy.
///
/// A client that keeps up never has anything here: its frames go straight to the socket.
package struct SendQueue: Sendable {
    /// What became of a message.
    package enum Intake: Equatable, Sendable {
        /// Queued. `dropped` older messages made room for it.
        case taken(dropped: Int)
        /// Dropped: the queue is full and the policy keeps the old.
        case full
        /// The queue is full and the policy is to close the connection.
        case overflow
    }

    /// A short frame costs its keeping more than its bytes, so their number is bounded too: one for so many bytes of the limit.
    private static let bytesPerFrame = 128
    private static let leastFrames = 64

    /// What waits: an object of its own, for nearly all connections have nothing here, and an emptied queue is to cost nothing again.
    private final class Waiting: @unchecked Sendable {
        // Changed by its one owner only, as a value would be.
        var frames: Deque<ByteBuffer> = []
        /// Only the latest ping is worth an answer (RFC 6455 §5.5.3), so a peer that pings and does not read costs one frame.
        var pong: ByteBuffer?
        var bytes = 0

        var isEmpty: Bool { frames.isEmpty && pong == nil }

        init() {}

        init(copying other: Waiting) {
            frames = other.frames
            pong = other.pong
            bytes = other.bytes
        }
    }

    /// `nil` when nothing waits.
    private var waiting: Waiting?

    package init() {}

    package var bytes: Int { waiting?.bytes ?? 0 }
    package var isEmpty: Bool { waiting == nil }

    /// Queues a message's frame.
    ///
    /// - Parameter limit: in bytes. A frame larger than the limit is taken when nothing else waits: it could never fit otherwise.
    package mutating func enqueue(_ frame: ByteBuffer, limit: Int, policy: SlowReaderPolicy) -> Intake {
        let waiting = owned()
        var dropped = 0
        if !waiting.frames.isEmpty, isFull(waiting, for: frame, limit) {
            switch policy {
            case .close: return .overflow
            case .dropNewest: return .full
            case .dropOldest:
                while isFull(waiting, for: frame, limit), let oldest = waiting.frames.popFirst() {
                    waiting.bytes -= oldest.readableBytes
                    dropped += 1
                }
            }
        }
        append(frame)
        return .taken(dropped: dropped)
    }

    /// Queues the close frame, behind everything else and whatever the limit.
    package mutating func enqueueClose(_ frame: ByteBuffer) { append(frame) }

    /// Keeps a pong, in place of an older one.
    package mutating func enqueuePong(_ frame: ByteBuffer) { owned().pong = frame }

    /// The next frame to write: a pong before messages.
    package mutating func next() -> ByteBuffer? {
        guard !isEmpty else { return nil }
        let waiting = owned()
        // An emptied queue gives its memory back: a burst must not be paid for as long as the connection lives.
        defer { if waiting.isEmpty { self.waiting = nil } }
        if let frame = waiting.pong {
            waiting.pong = nil
            return frame
        }
        guard let frame = waiting.frames.popFirst() else { return nil }
        waiting.bytes -= frame.readableBytes
        return frame
    }

    /// Forgets everything; the connection is gone.
    package mutating func removeAll() { waiting = nil }

    private func isFull(_ waiting: Waiting, for frame: ByteBuffer, _ limit: Int) -> Bool {
        waiting.bytes + frame.readableBytes > limit || waiting.frames.count >= max(Self.leastFrames, limit / Self.bytesPerFrame)
    }

    private mutating func append(_ frame: ByteBuffer) {
        let waiting = owned()
        waiting.frames.append(frame)
        waiting.bytes += frame.readableBytes
    }

    /// What waits, for this queue alone.
    private mutating func owned() -> Waiting {
        if waiting == nil {
            waiting = Waiting()
        } else if !isKnownUniquelyReferenced(&waiting), let shared = waiting {
            waiting = Waiting(copying: shared)
        }
        guard let waiting else { preconditionFailure("made above") }
        return waiting
    }
}
