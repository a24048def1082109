// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

/// Messages that come compressed (RFC 7692 §6). RSV1 is 4 in a ``RawFrame``.
extension MessageReaderTests {
    private static let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

    /// The compressed form of some bytes, as a client without context makes it.
    private static func deflate(_ bytes: [UInt8]) -> [UInt8] {
        Deflater(level: 6, windowBits: 15, keepsContext: false).deflate(ByteBuffer(bytes: bytes)).bytes
    }

    private static func deflate(_ text: String) -> [UInt8] { deflate(Array(text.utf8)) }

    // MARK: Good streams

    @Test("A stream with compressed messages makes the same messages, however the network cuts it", arguments: compressedSamples)
    func compressedCuts(_ sample: Sample) {
        let inflater = Inflater()
        for cut in Cuts.all(sample.bytes) {
            let reading = MessageReading(cut, expectsMask: sample.expectsMask, inflater: inflater)
            guard reading.steps != sample.steps || reading.violation != nil || reading.leftBytes else { continue }
            Issue.record("\(Cuts.name(cut)): \(reading)")
            return
        }
    }

    private static let compressedSamples: [Sample] = {
        let text = deflate("grüße 😀 grüße 😀")
        return [
            Sample("one text", [RawFrame(1, hello, reserved: 4)], [.text("Hello")]),
            Sample("one binary", [RawFrame(2, deflate([0, 255, 128, 0]), reserved: 4)], [.binary([0, 255, 128, 0])]),
            Sample("empty messages", [RawFrame(1, [0], reserved: 4), RawFrame(2, [0], reserved: 4)], [.text(""), .binary([])]),
            Sample(
                "the RFC's fragments: the first alone says that it is compressed (§7.2.3.1)",
                [RawFrame(1, Array(hello[..<3]), isFinal: false, reserved: 4), RawFrame(0, Array(hello[3...]))], [.text("Hello")]),
            Sample(
                "fragments with control frames between, also inside a character",
                [
                    RawFrame(9, "before"), RawFrame(1, Array(text[..<5]), isFinal: false, reserved: 4), RawFrame(9, "p1"), RawFrame(10, [0xFF]),
                    RawFrame(0, Array(text[5..<8]), isFinal: false), RawFrame(9, ""), RawFrame(0, Array(text[8...])), RawFrame(10, "after"),
                ],
                [.ping("before"), .ping("p1"), .pong(ByteBuffer(bytes: [0xFF])), .ping(""), .text("grüße 😀 grüße 😀"), .pong("after")]),
            Sample(
                "empty fragments",
                [
                    RawFrame(2, [], isFinal: false, reserved: 4), RawFrame(0, hello, isFinal: false), RawFrame(0, [], isFinal: false),
                    RawFrame(0, []),
                ], [.binary(Array("Hello".utf8))]),
            Sample(
                "each byte a fragment",
                hello.enumerated().map { RawFrame($0 == 0 ? 1 : 0, [$1], isFinal: $0 == 6, reserved: $0 == 0 ? 4 : 0) }, [.text("Hello")]),
            Sample(
                "plain messages between compressed ones",
                [
                    RawFrame(1, hello, reserved: 4), RawFrame(1, "plain"), RawFrame(2, hello, reserved: 4), RawFrame(2, hello),
                    RawFrame(1, "in ", isFinal: false), RawFrame(0, "two"), RawFrame(1, hello, reserved: 4), RawFrame(8, [0x03, 0xE8]),
                ],
                [
                    .text("Hello"), .text("plain"), .binary(Array("Hello".utf8)), .binary(hello), .text("in two"), .text("Hello"),
                    .close(.normal, reason: ""),
                ]),
            Sample(
                "bytes that are no text, in a binary message", [RawFrame(2, deflate([0xFF, 0xC0, 0x80]), reserved: 4)], [.binary([0xFF, 0xC0, 0x80])]),
            Sample("to a client", [RawFrame(1, hello, reserved: 4, mask: nil)], [.text("Hello")], expectsMask: false),
            Sample(
                "a close inside a compressed message", [RawFrame(1, hello, isFinal: false, reserved: 4), RawFrame(8, [])], [.close(.none, reason: "")]
            ),
        ]
    }()

    @Test("Large messages of each kind come through, in one frame and in fragments", arguments: DeflateSample.allCases)
    func compressedLarge(_ kind: DeflateSample) {
        let inflater = Inflater()
        let message = kind.buffer(DeflateSample.most)
        let bytes = Self.deflate(message.bytes)
        #expect(MessageReading(RawFrame(2, bytes, reserved: 4), inflater: inflater).steps == [.binary(message)])
        var frames: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 1000) {
            let end = min(start + 1000, bytes.count)
            frames += RawFrame(start == 0 ? 2 : 0, Array(bytes[start..<end]), isFinal: end == bytes.count, reserved: start == 0 ? 4 : 0).bytes
        }
        #expect(MessageReading([frames[...]], inflater: inflater).steps == [.binary(message)])
    }

    @Test("With a context messages refer back, past plain messages and pings")
    func compressedContext() {
        let frames = [
            RawFrame(1, Self.hello, reserved: 4), RawFrame(1, "plain"), RawFrame(9, "p"), RawFrame(1, [0xF2, 0x00, 0x11, 0x00, 0x00], reserved: 4),
        ]
        let bytes = frames.flatMap(\.bytes)
        let reading = MessageReading([bytes[...]], inflater: Inflater(keepsContext: true))
        #expect(reading.steps == [.text("Hello"), .text("plain"), .ping("p"), .text("Hello")])
        #expect(MessageReading([bytes[...]], inflater: Inflater()).violation == Violation(.invalidPayload, "compressed message cannot be read"))
    }

    @Test("One inflater without context serves many readers whose messages come in pieces, by turns")
    func sharedInflater() throws {
        let inflater = Inflater()
        var readers = (0..<4).map { _ in MessageReader(expectsMask: true, maxMessageBytes: 10_000) }
        let texts = readers.indices.map { number in String(repeating: "reader \(number), ", count: 20) }
        let streams = texts.map { RawFrame(1, Self.deflate($0), reserved: 4).bytes }
        var steps = [[MessageReader.Step]](repeating: [], count: readers.count)
        for place in 0..<(streams.map(\.count).max() ?? 0) {
            for (number, stream) in streams.enumerated() where place < stream.count {
                var buffer = ByteBuffer(bytes: [stream[place]])
                let step = try readers[number].next(from: &buffer, inflater: inflater)
                if step != .needMore { steps[number].append(step) }
            }
        }
        #expect(steps == texts.map { [.text(ByteBuffer(string: $0))] })
    }

    // MARK: Violations

    @Test("RSV1 where it has no meaning is told with its head", arguments: misplaced)
    func misplacedBit(_ sample: Broken) {
        let reading = MessageReading(eachOf: sample.bytes, inflater: Inflater())
        #expect(reading.violation == sample.violation)
        #expect(reading.fed == sample.bytes.count)
    }

    private static let misplaced: [Broken] = {
        let open = RawFrame(1, "a", isFinal: false)
        let openCompressed = RawFrame(1, hello, isFinal: false, reserved: 4)
        return [
            Broken("a continuation of a plain message", [open, RawFrame(0, [], reserved: 4)], .protocolError, "reserved bits set"),
            Broken("a continuation of a compressed message", [openCompressed, RawFrame(0, [], reserved: 4)], .protocolError, "reserved bits set"),
            Broken("a continuation of nothing", [RawFrame(0, [], reserved: 4)], .protocolError, "reserved bits set"),
            Broken("a ping", [], then: [0xC9], .protocolError, "reserved bits set"),
            Broken("a pong", [], then: [0xCA], .protocolError, "reserved bits set"),
            Broken("a close", [], then: [0xC8], .protocolError, "reserved bits set"),
            Broken("a ping inside a compressed message", [openCompressed], then: [0xC9], .protocolError, "reserved bits set"),
            Broken("RSV2 beside it", [], then: [0xE1], .protocolError, "reserved bits set"),
            Broken("RSV3 beside it", [], then: [0xD1], .protocolError, "reserved bits set"),
            Broken("text inside a compressed message", [openCompressed, RawFrame(1, [])], .protocolError, "new message inside a fragmented one"),
            Broken(
                "compressed text inside a plain message", [open, RawFrame(1, [], reserved: 4)], .protocolError, "new message inside a fragmented one"),
            Broken(
                "compressed text inside a compressed message", [openCompressed, RawFrame(2, [], reserved: 4)], .protocolError,
                "new message inside a fragmented one"),
        ]
    }()

    @Test("Where compression was not agreed on, RSV1 on a message is a violation", arguments: [1, 2] as [UInt8])
    func notAgreed(_ opcode: UInt8) {
        let reading = MessageReading(RawFrame(1, "ok"), RawFrame(opcode, Self.hello, reserved: 4))
        #expect(reading.steps == [.text("ok")])
        #expect(reading.violation == Violation(.protocolError, "reserved bits set"))
    }

    @Test(
        "Text is checked once it is inflated",
        arguments: [[0x61, 0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func invalidText(_ bytes: [UInt8]) {
        let compressed = Self.deflate(bytes)
        let unfit = Violation(.invalidPayload, "text is not valid UTF-8")
        #expect(MessageReading(RawFrame(1, compressed, reserved: 4), inflater: Inflater()).violation == unfit)
        let fragments = [RawFrame(1, Array(compressed[..<1]), isFinal: false, reserved: 4), RawFrame(0, Array(compressed[1...]))].flatMap(\.bytes)
        #expect(MessageReading(eachOf: fragments, inflater: Inflater()).violation == unfit)
        #expect(MessageReading(RawFrame(2, compressed, reserved: 4), inflater: Inflater()).steps == [.binary(bytes)])
    }

    @Test("What cannot be inflated is told with its last byte", arguments: [[], [0x06], [0xF2, 0x48], [0xF2, 0x00, 0x11, 0x00, 0x00]] as [[UInt8]])
    func notInflatable(_ bytes: [UInt8]) {
        for frame in [RawFrame(1, bytes, reserved: 4), RawFrame(2, bytes, reserved: 4)] {
            let stream = RawFrame(9, "p").bytes + frame.bytes
            let reading = MessageReading(eachOf: stream, inflater: Inflater())
            #expect(reading.steps == [.ping("p")])
            #expect(reading.violation == Violation(.invalidPayload, "compressed message cannot be read"))
            #expect(reading.fed == stream.count)
        }
    }

    // MARK: Limits

    @Test("A compressed message of exactly the limit passes, even where it grew by being compressed", arguments: [1, 2, 10, 125, 126, 1000, 70_000])
    func compressedAtTheLimit(_ limit: Int) {
        let inflater = Inflater()
        for kind in DeflateSample.allCases {
            let bytes = kind.buffer(limit).bytes
            for level in [1, 9] {
                for bits in [9, 15] {
                    let compressed = Deflater(level: level, windowBits: bits, keepsContext: false).deflate(ByteBuffer(bytes: bytes)).bytes
                    let frame = RawFrame(2, compressed, reserved: 4)
                    #expect(MessageReading(frame, maxMessageBytes: limit, inflater: inflater).steps == [.binary(bytes)], "\(kind)")
                    let reading = MessageReading(frame, maxMessageBytes: limit - 1, inflater: inflater)
                    #expect(reading.steps == [])
                    #expect(reading.violation?.code == .messageTooBig, "\(kind)")
                }
            }
        }
    }

    @Test("One that is larger inflated is told with its last byte")
    func inflatedTooBig() {
        let stream = RawFrame(1, Self.deflate(String(repeating: "a", count: 1001)), reserved: 4).bytes
        let reading = MessageReading(eachOf: stream, maxMessageBytes: 1000, inflater: Inflater())
        #expect(reading.violation == Violation(.messageTooBig, "message larger than 1000 bytes when inflated"))
        #expect(reading.fed == stream.count)
    }

    @Test(
        "One whose compressed form is larger than the limit can explain is told by its head",
        arguments: [(0, 64), (8, 73), (1000, 1189), (1 << 20, (9 << 17) + 64)])
    func compressedTooBig(_ limit: Int, _ most: Int) {
        func head(_ length: Int) -> [UInt8] { RawFrame(2, [UInt8](repeating: 0, count: length), reserved: 4).head }
        let told = Violation(.messageTooBig, "message larger than \(limit) bytes")
        #expect(MessageReading(eachOf: head(most), maxMessageBytes: limit, inflater: Inflater()).violation == nil)
        let reading = MessageReading(eachOf: head(most + 1), maxMessageBytes: limit, inflater: Inflater())
        #expect(reading.violation == told)
        #expect(reading.fed == head(most + 1).count)
        // Over its fragments too, and a plain message has no such allowance.
        let first = RawFrame(2, [0, 0, 0], isFinal: false, reserved: 4).bytes
        let rest = RawFrame(0, [UInt8](repeating: 0, count: most - 3)).head
        let more = RawFrame(0, [UInt8](repeating: 0, count: most - 2)).head
        #expect(MessageReading([first[...], rest[...]], maxMessageBytes: limit, inflater: Inflater()).violation == nil)
        #expect(MessageReading([first[...], more[...]], maxMessageBytes: limit, inflater: Inflater()).violation == told)
        let plain = RawFrame(2, [UInt8](repeating: 0, count: limit + 1)).head
        #expect(MessageReading([plain[...]], maxMessageBytes: limit, inflater: Inflater()).violation == told)
    }

    @Test("Each compressed message has the whole limit anew")
    func limitPerCompressedMessage() {
        let frame = RawFrame(2, Self.deflate([1, 2, 3]), reserved: 4)
        let reading = MessageReading(frame, frame, RawFrame(2, [1, 2, 3]), frame, maxMessageBytes: 3, inflater: Inflater())
        #expect(reading.steps == [.binary([1, 2, 3]), .binary([1, 2, 3]), .binary([1, 2, 3]), .binary([1, 2, 3])])
    }
}
