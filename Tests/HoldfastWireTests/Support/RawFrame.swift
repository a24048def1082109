// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A frame as any peer might write it, right or wrong.
struct RawFrame {
    enum LengthForm { case shortest, twoBytes, eightBytes }

    var opcode: UInt8
    var payload: [UInt8]
    var isFinal = true
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    var reserved: UInt8 = 0
    var mask: UInt32?
    var lengthForm = LengthForm.shortest

    init(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0, mask: UInt32? = 0x37FA_213D,
        lengthForm: LengthForm = .shortest
    ) {
        self.opcode = opcode
        self.payload = payload
        self.isFinal = isFinal
        self.reserved = reserved
        self.mask = mask
        self.lengthForm = lengthForm
    }

    init(_ opcode: UInt8, _ text: String, isFinal: Bool = true, mask: UInt32? = 0x37FA_213D) {
        self.init(opcode, Array(text.utf8), isFinal: isFinal, mask: mask)
    }

    var head: [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger((isFinal ? 0x80 : 0) | reserved << 4 | opcode)
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch (lengthForm, payload.count) {
        case (.shortest, ..<126): buffer.writeInteger(maskBit | UInt8(payload.count))
        case (.shortest, ...0xFFFF), (.twoBytes, _): buffer.writeMultipleIntegers(maskBit | 126, UInt16(payload.count))
        case (.shortest, _), (.eightBytes, _): buffer.writeMultipleIntegers(maskBit | 127, UInt64(payload.count))
        }
        if let mask { buffer.writeInteger(mask) }
        return buffer.bytes
    }

    var bytes: [UInt8] {
        guard let mask else { return head + payload }
        return head + Self.xor(payload, mask)
    }

    /// Masking as RFC 6455 §5.3 puts it, byte by byte.
    static func xor(_ bytes: [UInt8], _ mask: UInt32, offset: Int = 0) -> [UInt8] {
        let key = (0..<4).map { UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * $0)) }
        return bytes.enumerated().map { $1 ^ key[($0 + offset) % 4] }
    }
}
