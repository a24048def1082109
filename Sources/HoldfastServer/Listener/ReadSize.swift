// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How much is read from a client's socket at a time: it grows with what comes, and shrinks after two small reads.
///
/// In place of NIO's `AdaptiveRecvByteBufferAllocator`, which does the same: this one fits into the three words of an existential, where NIO's is a
/// box of 64 bytes for each connection, and an allocation for each accepted one.
struct ReadSize: RecvByteBufferAllocator {
    /// The first read buffer of a connection, in bytes. NIO keeps it as long as the connection lives, so it decides what an idle one costs.
    static let least = 512
    /// What the buffer may grow to when a client sends much.
    static let most = 16 << 10

    private var next = Int32(Self.least)
    private var wasSmall = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: Int(next)) }

    func nextBufferSize() -> Int? { Int(next) }

    mutating func record(actualReadBytes count: Int) -> Bool {
        if count >= Int(next), Int(next) < Self.most {
            next *= 2
            wasSmall = false
            return true
        }
        let isSmall = count <= Int(next) / 2 && Int(next) > Self.least
        if isSmall, wasSmall { next /= 2 }
        wasSmall = isSmall && !wasSmall
        return false
    }
}
