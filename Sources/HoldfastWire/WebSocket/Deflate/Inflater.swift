// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import CZlib
package import NIOCore

/// Brings compressed messages back, and never makes more of them than allowed (RFC 7692 §7.2.2).
///
/// One that keeps no context serves all connections of an event loop: it is asked only for whole messages. One that keeps it belongs to one
/// connection. About 7 KB, and its window once it is used.
package final class Inflater {
    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
    /// Final blocks within a message. Compressors that know only final blocks make one each message; each costs a call, and nothing is gained by many.
    private static let maxFinalBlocks = 256
    /// zlib's sign in `data_type` that it stands between two blocks.
    private static let betweenBlocks: Int32 = 128

    private let stream: UnsafeMutablePointer<z_stream>
    private let keepsContext: Bool

    /// - Parameter windowBits: 8 to 15; not smaller than the sender's.
    package init(windowBits: Int = 15, keepsContext: Bool = false) {
        precondition((8...15).contains(windowBits), "bits are checked where they are agreed on")
        self.keepsContext = keepsContext
        // zlib keeps the stream's address.
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = holdfast_inflateInit(stream, Int32(windowBits))
        precondition(status == Z_OK, "zlib has no memory for a decompressor")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The message whose compressed form is `message`.
    ///
    /// - Parameter limit: the longest result, in bytes. Nothing beyond it is kept, whatever the message would become.
    /// - Throws: a ``Violation``: 1009 beyond the limit, 1007 when this is no compressed message. The inflater of a connection is of no use then.
    package func inflate(_ message: ByteBuffer, limit: Int) throws(Violation) -> ByteBuffer {
        defer { if !keepsContext { inflateReset(stream) } }
        var output = ByteBufferAllocator().buffer(capacity: min(limit, max(256, message.readableBytes * 4)))
        try feed(message, into: &output, limit: limit)
        try feed(ByteBuffer(bytes: Self.tail), into: &output, limit: limit)
        guard stream.pointee.data_type & Self.betweenBlocks != 0 else { throw Self.broken }
        return output
    }

    private static let broken = Violation(.invalidPayload, "compressed message cannot be read")

    private func feed(_ input: ByteBuffer, into output: inout ByteBuffer, limit: Int) throws(Violation) {
        var position = 0
        var finalBlocks = 0
        var isTooLong = false
        var isBroken = false
        input.withUnsafeReadableBytes { source in
            while true {
                // One byte of room beyond the limit tells too long from just long enough.
                let free = output.writableBytes > 0 ? output.writableBytes : max(output.readableBytes, 256)
                let room = min(free, limit + 1 - output.readableBytes)
                let (step, made) = run(source, from: &position, into: &output, room: room)
                isTooLong = output.readableBytes > limit
                if step == .ended { finalBlocks += 1 }
                isBroken = step == .broken || finalBlocks > Self.maxFinalBlocks
                if isTooLong || isBroken { return }
                // All is read, and what was made did not fill the room: nothing is left inside zlib.
                if position == source.count, made < room { return }
            }
        }
        if isTooLong { throw Violation(.messageTooBig, "message larger than \(limit) bytes when inflated") }
        if isBroken { throw Self.broken }
    }

    private enum Step { case going, ended, broken }

    private func run(_ source: UnsafeRawBufferPointer, from position: inout Int, into output: inout ByteBuffer, room: Int) -> (Step, made: Int) {
        var status = Z_OK
        let start = position
        let made = output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self)).map { $0 + start }
            stream.pointee.avail_in = UInt32(source.count - start)
            stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            status = CZlib.inflate(stream, Z_SYNC_FLUSH)
            return room - Int(stream.pointee.avail_out)
        }
        position = source.count - Int(stream.pointee.avail_in)
        switch status {
        case Z_STREAM_END:
            // A sender may end a message with a final block; what follows is a stream of its own (§7.2.3.4), with the same window.
            inflateResetKeep(stream)
            return (.ended, made)
        // Z_BUF_ERROR: all is read already, and nothing was left to write.
        case Z_OK, Z_BUF_ERROR: return (.going, made)
        default: return (.broken, made)
        }
    }
}
