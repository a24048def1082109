// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Messages on their way out and in again: written as frames, with a mask or without, compressed or not, with contexts kept or not, then read.
///
/// Never another message than the one that was sent, and never a frame that our own reader refuses.
enum Messages {
    static let target = FuzzTarget(name: "Messages", maxLength: 4096) { input in
        var input = input
        let setting = input.byte()
        let windowBits = 9 + Int(setting >> 4) % 7
        let keepsContext = setting & 1 == 1
        let isMasked = setting & 2 == 2
        let deflater = Deflater(level: input.choice(Array(1...9)), windowBits: windowBits, keepsContext: keepsContext)
        let inflater = Inflater(windowBits: setting & 4 == 0 ? windowBits : 15, keepsContext: keepsContext)
        var reader = MessageReader(expectsMask: isMasked, maxMessageBytes: 1 << 20)
        while !input.rest.isEmpty {
            let kind = input.byte()
            let key: UInt32? = isMasked ? UInt32(input.byte()) &* 0x0101_4107 : nil
            let payload = payload(&input, repeats: kind >> 5)
            let isText = String(validating: payload.readableBytesView, as: Swift.UTF8.self) != nil
            let frame: ByteBuffer
            let expected: MessageReader.Step
            switch kind & 7 {
            case 0:
                let short = payload.getSlice(at: payload.readerIndex, length: min(125, payload.readableBytes)) ?? ByteBuffer()
                frame = FrameWriter.frame(.ping, short, maskingKey: key)
                expected = .ping(short)
            case 1:
                let reason = String(decoding: payload.readableBytesView, as: Swift.UTF8.self)
                frame = FrameWriter.close(.goingAway, reason: reason, maskingKey: key)
                expected = .close(.goingAway, reason: cut(reason))
            case 2, 3:
                frame = FrameWriter.frame(isText ? .text : .binary, payload, maskingKey: key)
                expected = isText ? .text(payload) : .binary(payload)
            default:
                frame = FrameWriter.frame(isText ? .text : .binary, deflater.deflate(payload), isCompressed: true, maskingKey: key)
                expected = isText ? .text(payload) : .binary(payload)
            }
            var bytes = ByteBuffer.amid(frame.readableBytesView)
            do throws(Violation) {
                let step = try reader.next(from: &bytes, inflater: inflater)
                claim(step == expected, "sent \(expected), read \(step)")
                claim(bytes.readableBytes == 0, "\(bytes.readableBytes) bytes behind the message")
            } catch {
                fatalError("our own frame is refused: \(error), \(shown(frame.readableBytesView))")
            }
        }
    }

    /// Up to 255 bytes, and those again and again, so that lengths of all three forms come about.
    private static func payload(_ input: inout FuzzInput, repeats: UInt8) -> ByteBuffer {
        let part = input.take(Int(input.byte()))
        var payload = ByteBuffer()
        for _ in 0..<(1 << (Int(repeats) * 4 / 3)) { payload.writeBytes(part) }
        return payload
    }

    /// The longest beginning, in whole characters, that fits into a close frame.
    private static func cut(_ reason: String) -> String {
        var kept = ""
        for character in reason {
            guard kept.utf8.count + String(character).utf8.count <= CloseCode.maxReasonBytes else { break }
            kept.append(character)
        }
        return kept
    }
}
