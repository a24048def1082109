// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct FrameWriterTests {
    @Test("A frame has exactly these bytes", arguments: [Opcode.continuation, .text, .binary, .close, .ping, .pong])
    func bytes(_ opcode: Opcode) {
        let first = 0x80 | opcode.rawValue
        let heads: [(Int, [UInt8])] = [
            (0, [first, 0]), (1, [first, 1]), (125, [first, 125]), (126, [first, 126, 0, 126]), (127, [first, 126, 0, 127]),
            (256, [first, 126, 1, 0]), (65535, [first, 126, 0xFF, 0xFF]), (65536, [first, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            (70000, [first, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
        ]
        for (size, head) in heads {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            #expect(FrameWriter.frame(opcode, .amid(payload)).bytes == head + payload, "\(size) bytes")
        }
    }

    @Test("A client's reader reads back what was written", arguments: [0, 1, 125, 126, 127, 65535, 65536])
    func readBack(_ size: Int) {
        let payload = ByteBuffer(repeating: 0x61, count: size)
        var stream = FrameWriter.frame(.text, payload)
        stream.writeImmutableBuffer(FrameWriter.frame(.binary, payload))
        stream.writeImmutableBuffer(FrameWriter.frame(.ping, ByteBuffer(string: "p")))
        stream.writeImmutableBuffer(FrameWriter.close(.goingAway, reason: "é"))
        let reading = MessageReading([stream.bytes[...]], expectsMask: false)
        #expect(reading.steps == [.text(payload), .binary(payload), .ping("p"), .close(.goingAway, reason: "é")])
        #expect(reading.violation == nil)
    }

    @Test("The payload is left as it was")
    func payloadStays() {
        let payload = ByteBuffer.amid("data")
        _ = FrameWriter.frame(.text, payload)
        #expect(String(buffer: payload) == "data")
    }

    // MARK: Close

    @Test("A close frame holds its code and its reason")
    func close() {
        #expect(FrameWriter.close(.normal, reason: "").bytes == [0x88, 2, 0x03, 0xE8])
        #expect(FrameWriter.close(CloseCode(4999), reason: "bye").bytes == [0x88, 5, 0x13, 0x87] + Array("bye".utf8))
    }

    @Test("A close without a code is empty, whatever the reason")
    func closeWithoutCode() {
        #expect(FrameWriter.close(.none, reason: "").bytes == [0x88, 0])
        #expect(FrameWriter.close(.none, reason: "lost").bytes == [0x88, 0])
    }

    @Test("A long reason is cut at a character's end", arguments: reasons)
    func longReason(_ raw: Raw, _ kept: Int) {
        let reason = raw.text
        let frame = FrameWriter.close(.internalError, reason: reason).bytes
        let expected = Array(reason.utf8.prefix(kept))
        #expect(frame == [0x88, UInt8(2 + kept), 0x03, 0xF3] + expected)
        #expect(MessageReading([frame[...]], expectsMask: false).steps == [.close(.internalError, reason: String(decoding: expected, as: UTF8.self))])
    }

    /// Reasons, and how many of their bytes are kept.
    private static let reasons: [(Raw, Int)] = {
        let reasons: [(String, Int)] = [
            (String(repeating: "r", count: 123), 123), (String(repeating: "r", count: 124), 123), (String(repeating: "r", count: 5000), 123),
            (String(repeating: "é", count: 61) + "r", 123), (String(repeating: "é", count: 62), 122), (String(repeating: "€", count: 41), 123),
            (String(repeating: "€", count: 42), 123), ("r" + String(repeating: "€", count: 41), 121), (String(repeating: "😀", count: 31), 120),
            // A family of four is one character of 25 bytes.
            (String(repeating: "👨‍👩‍👧‍👦", count: 5), 100), (String(repeating: "r", count: 122) + "e\u{301}", 122),
            (String(repeating: "r", count: 122) + "\r\n", 122), ("e" + String(repeating: "\u{301}", count: 100), 0),
        ]
        return reasons.map { (Raw(stringLiteral: $0), $1) }
    }()
}
