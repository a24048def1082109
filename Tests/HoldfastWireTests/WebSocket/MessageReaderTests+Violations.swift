// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

extension MessageReaderTests {
    /// Bytes whose last one breaks a rule, and how the connection fails.
    struct Broken: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: [UInt8]
        var violation: Violation
        var maxMessageBytes: Int

        init(_ name: String, _ frames: [RawFrame], then bytes: [UInt8] = [], _ code: CloseCode, _ reason: String, max: Int = 1 << 20) {
            self.name = name
            self.bytes = frames.flatMap(\.bytes) + bytes
            self.violation = Violation(code, reason)
            self.maxMessageBytes = max
        }

        var testDescription: String { name }
    }

    @Test("Each violation is told with the byte that makes it, and not before", arguments: broken)
    func violations(_ sample: Broken) {
        let reading = MessageReading(eachOf: sample.bytes, maxMessageBytes: sample.maxMessageBytes)
        #expect(reading.violation == sample.violation)
        #expect(reading.fed == sample.bytes.count)
        for cut in Cuts.all(sample.bytes) {
            let other = MessageReading(cut, maxMessageBytes: sample.maxMessageBytes)
            #expect(other.violation == sample.violation && other.steps == reading.steps, "\(Cuts.name(cut))")
        }
    }

    /// The head of a masked frame, and as many bytes of the masked payload as are given.
    private static func start(_ opcode: UInt8, length: Int, isFinal: Bool = true, _ payload: [UInt8]) -> [UInt8] {
        let frame = RawFrame(opcode, payload + [UInt8](repeating: 0x61, count: length - payload.count), isFinal: isFinal)
        return Array(frame.bytes.prefix(frame.head.count + payload.count))
    }

    private static let broken: [Broken] = {
        let open = RawFrame(1, "a", isFinal: false)
        let unfit = "text is not valid UTF-8"
        var all: [Broken] = [
            Broken("unmasked", [], then: [0x81, 0x01], .protocolError, "frame is not masked"),
            Broken("unmasked after a good one", [RawFrame(1, "ok")], then: [0x81, 0x01], .protocolError, "frame is not masked"),
            Broken("RSV1 on text", [RawFrame(1, [], reserved: 4)], .protocolError, "reserved bits set"),
            Broken("RSV1 on binary", [RawFrame(2, [], reserved: 4)], .protocolError, "reserved bits set"),
            Broken("RSV1 on a continuation", [open, RawFrame(0, [], reserved: 4)], .protocolError, "reserved bits set"),
            Broken("RSV1 on a ping", [], then: [0xC9], .protocolError, "reserved bits set"),
            Broken("RSV2", [], then: [0xA1], .protocolError, "reserved bits set"),
            Broken("RSV3", [], then: [0x91], .protocolError, "reserved bits set"),
            Broken("a reserved opcode", [], then: [0x83], .protocolError, "unknown opcode 3"),
            Broken("a reserved control opcode", [], then: [0x8B], .protocolError, "unknown opcode 11"),
            Broken("a fragmented ping", [], then: [0x09], .protocolError, "fragmented control frame"),
            Broken("a fragmented close inside a message", [open], then: [0x08], .protocolError, "fragmented control frame"),
            Broken("a long ping", [], then: [0x89, 0xFE], .protocolError, "control frame longer than 125 bytes"),
            Broken("a length in two bytes that fits in one", [], then: [0x82, 0xFE, 0, 5], .protocolError, "length not in its shortest form"),
            Broken(
                "the 64th bit of a length", [], then: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], .protocolError, "length has its highest bit set"),
            Broken("a continuation of nothing", [RawFrame(0, [])], .protocolError, "continuation without a message"),
            Broken(
                "a continuation after a message", [RawFrame(1, "x"), RawFrame(0, [])], .protocolError, "continuation without a message"),
            Broken(
                "a continuation after a fragmented message", [open, RawFrame(0, ""), RawFrame(0, [])], .protocolError,
                "continuation without a message"),
            Broken("text inside a message", [open, RawFrame(1, [])], .protocolError, "new message inside a fragmented one"),
            Broken("binary inside a message", [open, RawFrame(2, [])], .protocolError, "new message inside a fragmented one"),
            Broken(
                "text after a ping inside a message", [open, RawFrame(9, ""), RawFrame(1, [])], .protocolError, "new message inside a fragmented one"),
            // Sizes: told by the head, before a byte of the payload.
            Broken("too big by one", [], then: start(2, length: 11, []), .messageTooBig, "message larger than 10 bytes", max: 10),
            Broken("anything where nothing is allowed", [], then: start(1, length: 1, []), .messageTooBig, "message larger than 0 bytes", max: 0),
            Broken(
                "the longest length", [], then: [0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0, 0, 0, 0], .messageTooBig,
                "message larger than 10 bytes", max: 10),
            Broken(
                "too big over its fragments", [RawFrame(2, [1, 2, 3, 4], isFinal: false), RawFrame(0, [5, 6, 7], isFinal: false)],
                then: start(0, length: 4, []), .messageTooBig, "message larger than 10 bytes", max: 10),
            Broken(
                "the longest length in a fragment", [RawFrame(2, [1], isFinal: false)],
                then: [0x80, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0, 0, 0, 0], .messageTooBig, "message larger than \(Int.max) bytes",
                max: .max),
            // UTF-8: at the first impossible byte.
            Broken("a continuation byte alone", [], then: start(1, length: 9, [0x61, 0x80]), .invalidPayload, unfit),
            Broken("a byte that never occurs", [], then: start(1, length: 9, Array("0123".utf8) + [0xFF]), .invalidPayload, unfit),
            Broken("an overlong slash", [], then: start(1, length: 9, [0xC0]), .invalidPayload, unfit),
            Broken("an overlong euro sign", [], then: start(1, length: 9, [0xF0, 0x82]), .invalidPayload, unfit),
            Broken("half of a surrogate pair", [], then: start(1, length: 9, [0xED, 0xA0]), .invalidPayload, unfit),
            Broken("a scalar above the last", [], then: start(1, length: 9, [0xF4, 0x90]), .invalidPayload, unfit),
            Broken("a character cut short by ASCII", [], then: start(1, length: 9, [0xE2, 0x82, 0x61]), .invalidPayload, unfit),
            Broken(
                "bad UTF-8 across fragments", [RawFrame(1, [0x61, 0xE2], isFinal: false)], then: start(0, length: 5, [0x82, 0x28]), .invalidPayload,
                unfit),
            Broken(
                "bad UTF-8 across fragments and a ping", [RawFrame(1, [0xF4], isFinal: false), RawFrame(9, "x")],
                then: start(0, length: 5, isFinal: false, [0x90]), .invalidPayload, unfit),
            Broken("an unfinished character at the end", [RawFrame(1, [0x61, 0xE2, 0x82])], .invalidPayload, unfit),
            Broken(
                "an unfinished character, then an empty last fragment", [RawFrame(1, [0xC3], isFinal: false), RawFrame(0, [])], .invalidPayload, unfit
            ),
            // Close frames.
            Broken("a close with half a code", [RawFrame(8, [0x03])], .protocolError, "close frame with half a code"),
            Broken("bad UTF-8 in a reason", [RawFrame(8, [0x03, 0xE8, 0x61, 0xFF])], .invalidPayload, "close reason is not valid UTF-8"),
            Broken("half a character in a reason", [RawFrame(8, [0x03, 0xE8, 0xE2, 0x82])], .invalidPayload, "close reason is not valid UTF-8"),
        ]
        for code: UInt16 in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            let frame = RawFrame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array("why".utf8))
            all.append(Broken("close code \(code)", [frame], .protocolError, "close code \(code) is not allowed"))
        }
        return all
    }()

    @Test("A mask from a server is a violation, and no mask from a client is", arguments: [true, false])
    func wrongSide(_ expectsMask: Bool) {
        let reading = MessageReading(RawFrame(1, "x", mask: expectsMask ? nil : 7), expectsMask: expectsMask)
        #expect(reading.violation == Violation(.protocolError, expectsMask ? "frame is not masked" : "frame is masked"))
    }

    @Test("Every close code that may be on the wire is read")
    func closeCodes() {
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] as [UInt16] {
            let reading = MessageReading(RawFrame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array("é".utf8)))
            #expect(reading.steps == [.close(CloseCode(code), reason: "é")])
        }
    }

    @Test("A reason of 123 bytes is read")
    func longestReason() {
        let reason = String(repeating: "r", count: 123)
        #expect(MessageReading(RawFrame(8, [0x03, 0xE8] + Array(reason.utf8))).steps == [.close(.normal, reason: reason)])
    }

    // MARK: The limit

    @Test("A message of exactly the limit passes, in one frame and in fragments", arguments: [0, 1, 10, 125, 126, 70_000])
    func atTheLimit(_ limit: Int) {
        let payload = [UInt8](repeating: 0x62, count: limit)
        #expect(MessageReading(RawFrame(2, payload), maxMessageBytes: limit).steps == [.binary(payload)])
        #expect(MessageReading(RawFrame(2, payload + [0]), maxMessageBytes: limit).violation?.code == .messageTooBig)
        let half = limit / 2
        let first = RawFrame(1, Array(payload[..<half]), isFinal: false)
        #expect(MessageReading(first, RawFrame(0, Array(payload[half...])), maxMessageBytes: limit).steps == [.text(ByteBuffer(bytes: payload))])
        #expect(MessageReading(first, RawFrame(0, Array(payload[half...]) + [0]), maxMessageBytes: limit).violation?.code == .messageTooBig)
        #expect(
            MessageReading(first, RawFrame(0, Array(payload[half...]), isFinal: false), RawFrame(0, [0]), maxMessageBytes: limit).violation?.code
                == .messageTooBig)
    }

    @Test("Empty fragments after a full one pass")
    func emptyAtTheLimit() {
        let reading = MessageReading(RawFrame(1, "ab", isFinal: false), RawFrame(0, "", isFinal: false), RawFrame(0, ""), maxMessageBytes: 2)
        #expect(reading.steps == [.text("ab")])
    }

    @Test("Control frames do not count, neither alone nor inside a message")
    func controlIsFree() {
        let long = [UInt8](repeating: 0x63, count: 125)
        let reading = MessageReading(
            RawFrame(9, long), RawFrame(1, "a", isFinal: false), RawFrame(10, long), RawFrame(0, "b"), RawFrame(8, []), maxMessageBytes: 2)
        #expect(reading.violation == nil)
        #expect(reading.steps.count == 4)
    }

    @Test("Each message has the whole limit anew")
    func limitPerMessage() {
        let frame = RawFrame(2, [1, 2, 3])
        #expect(MessageReading(frame, frame, frame, maxMessageBytes: 3).steps.count == 3)
    }

    @Test("A promised length reserves no memory")
    func noReservation() {
        // 2⁶² bytes, which no machine has.
        let bytes: [UInt8] = [0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]
        let reading = MessageReading([bytes[...]], maxMessageBytes: .max)
        #expect(reading.steps == [])
        #expect(reading.violation == nil)
    }

    // MARK: UTF-8

    @Test("Binary messages, pings and pongs may hold any bytes")
    func anyBytes() {
        let bytes: [UInt8] = [0xFF, 0xC0, 0x80, 0xED, 0xA0]
        let reading = MessageReading(RawFrame(2, bytes), RawFrame(9, bytes), RawFrame(10, bytes))
        #expect(reading.steps == [.binary(bytes), .ping(ByteBuffer(bytes: bytes)), .pong(ByteBuffer(bytes: bytes))])
    }

    @Test("A message does not begin in the middle of its forerunner's character")
    func freshValidator() {
        let reading = MessageReading(RawFrame(1, "é"), RawFrame(1, [0xA9]))
        #expect(reading.steps == [.text("é")])
        #expect(reading.violation?.code == .invalidPayload)
    }
}
