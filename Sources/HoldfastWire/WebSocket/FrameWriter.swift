// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Makes server frames as bytes. A server does not mask (RFC 6455 §5.1), so one buffer serves every subscriber of a publication.
package enum FrameWriter {
    /// One unfragmented frame in a buffer of its own.
    package static func frame(_ opcode: Opcode, _ payload: ByteBuffer) -> ByteBuffer {
        let count = payload.readableBytes
        var frame = ByteBufferAllocator().buffer(capacity: count + (count < 126 ? 2 : count <= 0xFFFF ? 4 : 10))
        write(opcode, length: count, into: &frame)
        frame.writeImmutableBuffer(payload)
        return frame
    }

    /// A close frame. ``CloseCode/none`` makes an empty one; a reason beyond 123 bytes is cut at a character's end.
    package static func close(_ code: CloseCode, reason: String) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: 4 + reason.utf8.count)
        guard code != .none else {
            write(.close, length: 0, into: &frame)
            return frame
        }
        var end = reason.endIndex
        while reason[..<end].utf8.count > CloseCode.maxReasonBytes { end = reason.index(before: end) }
        let kept = reason[..<end]
        write(.close, length: 2 + kept.utf8.count, into: &frame)
        frame.writeInteger(code.rawValue)
        frame.writeSubstring(kept)
        return frame
    }

    private static func write(_ opcode: Opcode, length: Int, into frame: inout ByteBuffer) {
        frame.writeInteger(0x80 | opcode.rawValue)
        switch length {
        case ..<126: frame.writeInteger(UInt8(length))
        case ...0xFFFF: frame.writeMultipleIntegers(UInt8(126), UInt16(length))
        default: frame.writeMultipleIntegers(UInt8(127), UInt64(length))
        }
    }
}
