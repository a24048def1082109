// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

/// Frames that a client writes, and frames of compressed messages.
extension FrameWriterTests {
    private static let sizes = [0, 1, 7, 8, 125, 126, 127, 65_535, 65_536, 65_537]

    @Test("A masked frame is what the RFC says, byte by byte", arguments: [0, 1, 0x37FA_213D, .max] as [UInt32])
    func masked(_ key: UInt32) {
        for size in Self.sizes {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 13) }
            for opcode in [Opcode.text, .binary, .ping] {
                #expect(
                    FrameWriter.frame(opcode, .amid(payload), maskingKey: key).bytes == RawFrame(opcode.rawValue, payload, mask: key).bytes, "\(size)"
                )
            }
        }
    }

    @Test("The RFC's example comes out: a masked Hello (RFC 6455 §5.7)")
    func maskedHello() {
        let frame = FrameWriter.frame(.text, ByteBuffer(string: "Hello"), maskingKey: 0x37FA_213D)
        #expect(frame.bytes == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    }

    @Test("The frame of a compressed message has RSV1 set and nothing else changed", arguments: [nil, 0xA1B2_C3D4] as [UInt32?])
    func compressed(_ key: UInt32?) {
        for size in Self.sizes {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 17) }
            for opcode in [Opcode.text, .binary] {
                let frame = FrameWriter.frame(opcode, .amid(payload), isCompressed: true, maskingKey: key)
                #expect(frame.bytes == RawFrame(opcode.rawValue, payload, reserved: 4, mask: key).bytes, "\(size)")
            }
        }
    }

    @Test("A server's reader reads back what a client wrote, compressed and plain", arguments: sizes)
    func readBackMasked(_ size: Int) {
        var random = SplitMix64(seed: UInt64(size))
        let payload = DeflateSample.text.buffer(size)
        let deflated = Deflater(level: 1, windowBits: 15, keepsContext: false).deflate(payload)
        func key() -> UInt32 { .random(in: 0 ... .max, using: &random) }
        var stream = FrameWriter.frame(.binary, payload, maskingKey: key())
        stream.writeImmutableBuffer(FrameWriter.frame(.binary, deflated, isCompressed: true, maskingKey: key()))
        stream.writeImmutableBuffer(FrameWriter.frame(.ping, ByteBuffer(string: "p"), maskingKey: key()))
        stream.writeImmutableBuffer(FrameWriter.frame(.pong, ByteBuffer(), maskingKey: key()))
        stream.writeImmutableBuffer(FrameWriter.close(.goingAway, reason: "é", maskingKey: key()))
        let reading = MessageReading([stream.bytes[...]], expectsMask: true, inflater: Inflater())
        #expect(reading.steps == [.binary(payload), .binary(payload), .ping("p"), .pong(""), .close(.goingAway, reason: "é")])
        #expect(reading.violation == nil)
    }

    @Test("A client's reader reads back what a server compressed", arguments: sizes)
    func readBackCompressed(_ size: Int) {
        let payload = DeflateSample.text.buffer(size)
        let deflated = Deflater(level: 1, windowBits: 12, keepsContext: false).deflate(payload)
        let frame = FrameWriter.frame(.binary, deflated, isCompressed: true)
        #expect(MessageReading([frame.bytes[...]], expectsMask: false, inflater: Inflater(windowBits: 12)).steps == [.binary(payload)])
    }

    @Test("A finished frame is masked as if it had been written so, at every length of a length", arguments: [0, 1, 0x37FA_213D, .max] as [UInt32])
    func maskedCopy(_ key: UInt32) {
        for size in Self.sizes {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 29) }
            for (opcode, isCompressed) in [(Opcode.text, false), (.binary, true), (.binary, false)] {
                let finished = FrameWriter.frame(opcode, .amid(payload), isCompressed: isCompressed)
                let frame = ByteBuffer.amid(finished.bytes)
                let expected = RawFrame(opcode.rawValue, payload, reserved: isCompressed ? 4 : 0, mask: key)
                let masked = FrameWriter.masked(frame, key: key)
                #expect(masked.bytes == expected.bytes, "\(size)")
                #expect(frame == finished, "the frame that others share is left as it was")
            }
        }
        for close in [FrameWriter.close(.none, reason: ""), FrameWriter.close(.goingAway, reason: "é")] {
            let payload = Array(close.bytes.dropFirst(2))
            #expect(FrameWriter.masked(close, key: key).bytes == RawFrame(8, payload, mask: key).bytes)
        }
    }

    @Test("A client's close frames are masked, the empty one too")
    func maskedClose() {
        let key: UInt32 = 0x0102_0304
        #expect(FrameWriter.close(.none, reason: "lost", maskingKey: key).bytes == [0x88, 0x80, 1, 2, 3, 4])
        #expect(FrameWriter.close(.normal, reason: "", maskingKey: key).bytes == [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xE8 ^ 2])
        let long = String(repeating: "r", count: 200)
        let expected = RawFrame(8, [0x03, 0xE8] + Array(long.utf8.prefix(123)), mask: key)
        #expect(FrameWriter.close(.normal, reason: long, maskingKey: key).bytes == expected.bytes)
    }

    @Test("The payload is left as it was when it is masked")
    func maskedPayloadStays() {
        let payload = ByteBuffer.amid("data and more")
        _ = FrameWriter.frame(.text, payload, maskingKey: .max)
        #expect(String(buffer: payload) == "data and more")
    }

    @Test("The length of a head is told as it is written", arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
    func headBytes(_ size: Int) {
        let frame = FrameWriter.frame(.binary, ByteBuffer(repeating: 0, count: size))
        #expect(frame.readableBytes - size == FrameWriter.headBytes(for: size))
    }
}
