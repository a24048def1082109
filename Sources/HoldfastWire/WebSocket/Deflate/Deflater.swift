// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import CZlib
package import NIOCore

/// Compresses messages as permessage-deflate has it (RFC 7692 §7.2.1).
///
/// One that keeps no context begins each message anew: its output is good for every client whose window is no smaller, so one serves all
/// connections of an event loop. One that keeps it belongs to one connection, and messages must be sent in the order of compression.
package final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let keepsContext: Bool

    /// - Parameters:
    ///   - level: 1 (fastest) to 9 (smallest).
    ///   - windowBits: 9 to 15. Memory grows with it: zconf.h has the arithmetic.
    package init(level: Int, windowBits: Int, keepsContext: Bool) {
        precondition((9...15).contains(windowBits) && (1...9).contains(level), "settings are checked where they are read")
        self.keepsContext = keepsContext
        // zlib keeps the stream's address.
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = holdfast_deflateInit(stream, Int32(level), Int32(windowBits), Int32(max(1, windowBits - 7)))
        precondition(status == Z_OK, "zlib has no memory for a compressor")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// The compressed form of a message, without the four bytes that each would end with.
    package func deflate(_ message: ByteBuffer) -> ByteBuffer {
        // An empty stored block, which is what the RFC gives for it (§7.2.3.6); zlib makes nothing of no input.
        guard message.readableBytes > 0 else { return ByteBuffer(bytes: [0]) }
        defer { if !keepsContext { deflateReset(stream) } }
        var output = ByteBuffer()
        let bound = Int(deflateBound(stream, UInt(message.readableBytes))) + 16
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            message.withUnsafeReadableBytes { source in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(target.count)
                let status = CZlib.deflate(stream, Z_SYNC_FLUSH)
                precondition(status == Z_OK && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0, "zlib's bound holds")
                return target.count - Int(stream.pointee.avail_out) - 4
            }
        }
        return output
    }
}
