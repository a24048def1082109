// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How a plain connection reads: a little at first, then by its loop's ``ReadShelf``. The channel is to make one read at a time.
struct ShelfReads: RecvByteBufferAllocator, @unchecked Sendable {
    /// Bytes of the first read. Most opening requests of programs are shorter; browsers' take a second read.
    private static let first = 256

    // Not sendable, but NIO calls this on the channel's loop, which is the shelf's, and nowhere else.
    private let shelf: ReadShelf
    private var hasRead: Bool

    init(_ shelf: ReadShelf, hasRead: Bool = false) {
        self.shelf = shelf
        self.hasRead = hasRead
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { hasRead ? shelf.take(allocator) : allocator.buffer(capacity: Self.first) }

    func nextBufferSize() -> Int? { nil }

    mutating func record(actualReadBytes: Int) -> Bool {
        hasRead = true
        // Only then is the allocator asked again.
        return true
    }
}

extension Channel {
    /// Reads into memory that the loop's plain connections share.
    ///
    /// - Parameter hasRead: whether the channel has a buffer of its own already.
    func readFrom(_ shelf: ReadShelf, hasRead: Bool) throws {
        try syncOptions?.setOption(.maxMessagesPerRead, value: 1)
        try syncOptions?.setOption(.recvAllocator, value: ShelfReads(shelf, hasRead: hasRead))
    }

    /// Reads into memory of its own, for those who keep what was read.
    func readAlone() throws {
        try syncOptions?.setOption(.maxMessagesPerRead, value: 4)
        try syncOptions?.setOption(.recvAllocator, value: ReadSize())
    }
}
