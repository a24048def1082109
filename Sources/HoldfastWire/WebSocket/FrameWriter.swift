// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Makes frames as bytes (RFC 6455 §5.2). A server does not mask (§5.1), so one buffer serves every subscriber of a publication; a client masks
/// each frame with a key of its own.
package enum FrameWriter {
    /// One unfragmented frame in a buffer of its own.
    ///
    /// - Parameters:
    ///   - isCompressed: whether `payload` is the compressed form of a message (RFC 7692 §6.1).
    ///   - maskingKey: in wire order, not to be guessed; `nil` on the server's side.
    package static func frame(_ opcode: Opcode, _ payload: ByteBuffer, isCompressed: Bool = false, maskingKey: UInt32? = nil) -> ByteBuffer {
        let count = payload.readableBytes
        let head = headBytes(for: count) + (maskingKey == nil ? 0 : 4)
        var frame = ByteBufferAllocator().buffer(capacity: head + count)
        write(opcode, length: count, isCompressed: isCompressed, maskingKey: maskingKey, into: &frame)
        if let maskingKey {
            var payload = payload
            frame.writeMasked(&payload, count: count, key: maskingKey, offset: 0)
        } else {
            frame.writeImmutableBuffer(payload)
        }
        return frame
    }

    /// A close frame. ``CloseCode/none`` makes an empty one; a reason beyond 123 bytes is cut at a character's end.
    package static func close(_ code: CloseCode, reason: String, maskingKey: UInt32? = nil) -> ByteBuffer {
        var payload = ByteBuffer()
        if code != .none {
            var end = reason.endIndex
            while reason[..<end].utf8.count > CloseCode.maxReasonBytes { end = reason.index(before: end) }
            payload.writeInteger(code.rawValue)
            payload.writeSubstring(reason[..<end])
        }
        return frame(.close, payload, maskingKey: maskingKey)
    }

    /// A finished frame as a client sends it: a masked copy, so that a frame that was made once for all can go out on any side.
    ///
    /// - Parameters:
    ///   - frame: one whole frame that is not masked.
    ///   - key: in wire order, not to be guessed, and another one for each frame (RFC 6455 §5.3).
    package static func masked(_ frame: ByteBuffer, key: UInt32) -> ByteBuffer {
        var rest = frame
        guard let start = rest.readMultipleIntegers(as: (UInt8, UInt8).self), start.1 < 0x80 else {
            preconditionFailure("only a whole frame without a mask can be masked")
        }
        let lengthBytes = start.1 < 126 ? 0 : start.1 == 126 ? 2 : 8
        var masked = ByteBufferAllocator().buffer(capacity: frame.readableBytes + 4)
        masked.writeMultipleIntegers(start.0, start.1 | 0x80)
        if let length = rest.readSlice(length: lengthBytes) { masked.writeImmutableBuffer(length) }
        masked.writeInteger(key)
        masked.writeMasked(&rest, count: rest.readableBytes, key: key, offset: 0)
        return masked
    }

    /// How long the head of an unmasked frame is.
    package static func headBytes(for count: Int) -> Int { count < 126 ? 2 : count <= 0xFFFF ? 4 : 10 }

    private static func write(_ opcode: Opcode, length: Int, isCompressed: Bool, maskingKey: UInt32?, into frame: inout ByteBuffer) {
        frame.writeInteger(0x80 | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let mask: UInt8 = maskingKey == nil ? 0 : 0x80
        switch length {
        case ..<126: frame.writeInteger(mask | UInt8(length))
        case ...0xFFFF: frame.writeMultipleIntegers(mask | 126, UInt16(length))
        default: frame.writeMultipleIntegers(mask | 127, UInt64(length))
        }
        if let maskingKey { frame.writeInteger(maskingKey) }
    }
}
