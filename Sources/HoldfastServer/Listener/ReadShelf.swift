// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The memory that all plain connections of an event loop read into, one after the other: what is read has been dealt with before the next one reads.
///
/// NIO keeps the first buffer of a channel as long as the channel lives, so that one is small; and asks its allocator for each further one, if it is
/// told that nothing is known of the next size, and to keep no more than one. An idle connection has 500 bytes less by this, and 16 KiB less where
/// it has ever brought a large message.
///
/// Safe whoever keeps what was read: then the memory is not this loop's alone any more, and there is new one for the next read.
final class ReadShelf {
    /// As much as four reads of ``ReadSize/most``, which were made at a time before.
    private static let size = 64 << 10

    private var spare: ByteBuffer?

    /// Memory that nobody else has.
    func take(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        if var buffer = spare {
            spare = nil
            if buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { return buffer }
        }
        return allocator.buffer(capacity: Self.size)
    }

    /// What was read has been dealt with.
    func giveBack(_ buffer: ByteBuffer) {
        if buffer.storageCapacity == Self.size { spare = buffer }
    }
}
