// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Collects the 2 to 14 bytes of a frame's head, however the network cut them, and checks them.
///
/// The bytes seen so far live in one 128-bit integer, so an idle connection holds no buffer for a half-read head.
package struct FrameHeaderReader: Sendable {
    private var bytes: UInt128 = 0
    private var count: UInt8 = 0
    private let expectsMask: Bool

    /// - Parameter expectsMask: `true` on the server's side: clients must mask, servers must not (RFC 6455 §5.1).
    package init(expectsMask: Bool) {
        self.expectsMask = expectsMask
    }

    /// Whether no head is under way.
    var isIdle: Bool { count == 0 }

    /// Takes bytes from `buffer` until a head is whole.
    ///
    /// - Returns: the head, or `nil` when all bytes were taken and more are needed.
    /// - Throws: a ``Violation`` (1002) as soon as the first byte, the second or the last of the length breaks a rule.
    package mutating func next(from buffer: inout ByteBuffer) throws(Violation) -> FrameHeader? {
        while let byte = buffer.readInteger(as: UInt8.self) {
            bytes = bytes << 8 | UInt128(byte)
            count += 1
            switch count {
            case 1: try checkFirst(byte)
            case 2: try checkSecond(byte)
            case 4 where extendedBytes == 2, 10 where extendedBytes == 8: try checkLength()
            default: break
            }
            if count >= 2, Int(count) == wholeLength { return finish() }
        }
        return nil
    }

    private var lengthField: UInt8 {
        UInt8(truncatingIfNeeded: bytes >> UInt128((Int(count) - 2) * 8)) & 0x7F
    }

    private var extendedBytes: Int {
        switch lengthField {
        case 126: 2
        case 127: 8
        default: 0
        }
    }

    private var wholeLength: Int { 2 + extendedBytes + (expectsMask ? 4 : 0) }

    private func checkFirst(_ byte: UInt8) throws(Violation) {
        guard byte & 0x30 == 0 else { throw Violation(.protocolError, "reserved bits set") }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw Violation(.protocolError, "unknown opcode \(byte & 0x0F)") }
        if opcode.isControl {
            guard byte & 0x80 != 0 else { throw Violation(.protocolError, "fragmented control frame") }
            guard byte & 0x40 == 0 else { throw Violation(.protocolError, "reserved bits set") }
        }
    }

    private func checkSecond(_ byte: UInt8) throws(Violation) {
        guard (byte & 0x80 != 0) == expectsMask else {
            throw Violation(.protocolError, expectsMask ? "frame is not masked" : "frame is masked")
        }
        let first = UInt8(truncatingIfNeeded: bytes >> 8)
        if first & 0x08 != 0, byte & 0x7F > 125 { throw Violation(.protocolError, "control frame longer than 125 bytes") }
    }

    /// Checks an extended length, whose last byte has just come.
    private func checkLength() throws(Violation) {
        let length = extendedBytes == 2 ? UInt64(UInt16(truncatingIfNeeded: bytes)) : UInt64(truncatingIfNeeded: bytes)
        guard length > (extendedBytes == 2 ? 125 : 0xFFFF) else { throw Violation(.protocolError, "length not in its shortest form") }
        guard length <= UInt64(Int.max) else { throw Violation(.protocolError, "length has its highest bit set") }
    }

    private mutating func finish() -> FrameHeader {
        let field = lengthField
        let extended = extendedBytes
        var rest = bytes
        var maskingKey: UInt32?
        if expectsMask {
            maskingKey = UInt32(truncatingIfNeeded: rest)
            rest >>= 32
        }
        let first: UInt8
        let length: UInt64
        switch extended {
        case 0:
            length = UInt64(field)
            first = UInt8(truncatingIfNeeded: rest >> 8)
        case 2:
            length = UInt64(UInt16(truncatingIfNeeded: rest))
            first = UInt8(truncatingIfNeeded: rest >> 24)
        default:
            length = UInt64(truncatingIfNeeded: rest)
            first = UInt8(truncatingIfNeeded: rest >> 72)
        }
        bytes = 0
        count = 0
        guard let opcode = Opcode(rawValue: first & 0x0F) else { preconditionFailure("opcode was checked with the first byte") }
        return FrameHeader(
            opcode: opcode, isFinal: first & 0x80 != 0, isCompressed: first & 0x40 != 0, length: Int(length), maskingKey: maskingKey)
    }
}
