// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct WebSocketEventReaderTests {
    /// Events in one line each: the kind, and the content where there is one.
    private static func plain(_ events: [WebSocketEvent]) -> String {
        events.map { $0.kind.rawValue + ($0.content.map { "(\(printable($0.readableBytesView)))" } ?? "") }.joined(separator: " ")
    }

    private func fault(_ body: [UInt8]) throws -> WebSocketEventError {
        try #require(#expect(throws: WebSocketEventError.self) { try WebSocketEventReader.read(.amid(body)) })
    }

    // MARK: Good

    @Test(
        "Events come out in order, with their contents",
        arguments: [
            ("", ""),
            ("OPEN\r\n", "OPEN"),
            ("TEXT 5\r\nhello\r\n", "TEXT(hello)"),
            (
                "OPEN\r\nTEXT 1\r\na\r\nBINARY 2\r\nbc\r\nPING\r\nPONG\r\nCLOSE\r\nDISCONNECT\r\n",
                "OPEN TEXT(a) BINARY(bc) PING PONG CLOSE DISCONNECT"
            ),
            ("PING 2\r\nhi\r\nPONG 1\r\n!\r\n", "PING(hi) PONG(!)"),
            ("TEXT 0\r\n\r\n", "TEXT()"), ("CLOSE 0\r\n\r\n", "CLOSE()"), ("CLOSE 1\r\nx\r\n", "CLOSE(x)"),
            // Without a length: an empty message.
            ("TEXT\r\n", "TEXT"), ("BINARY\r\nTEXT\r\n", "BINARY TEXT"),
            // The content may look like events.
            ("TEXT 6\r\nPING\r\n\r\n", "TEXT(PING\\r\\n)"), ("TEXT 2\r\n\r\n\r\nPING\r\n", "TEXT(\\r\\n) PING"),
            // Lengths in either case, with zeros in front, up to eight digits.
            ("TEXT B\r\nhello world\r\n", "TEXT(hello world)"), ("TEXT b\r\nhello world\r\n", "TEXT(hello world)"),
            ("TEXT 00000005\r\nhello\r\n", "TEXT(hello)"), ("TEXT 1B\r\nabcdefghijklmnopqrstuvwxyz!\r\n", "TEXT(abcdefghijklmnopqrstuvwxyz!)"),
        ] as [(Raw, String)])
    func reads(_ body: Raw, _ expected: String) throws {
        #expect(Self.plain(try WebSocketEventReader.read(.amid(body.bytes))) == expected)
    }

    @Test("Content that means nothing is ignored", arguments: ["OPEN 0\r\n\r\n", "OPEN 5\r\nhello\r\n", "OPEN 2\r\n\u{C3}\r\n"] as [Raw])
    func ignoredContent(_ body: Raw) throws {
        #expect(try WebSocketEventReader.read(.amid(body.bytes)) == [WebSocketEvent(.open)])
        let other = Raw(Array("DISCONNECT".utf8) + body.bytes.dropFirst(4))
        #expect(try WebSocketEventReader.read(.amid(other.bytes)) == [WebSocketEvent(.disconnect)])
    }

    @Test(
        "Types that nobody knows are left out, with their content",
        arguments: [
            "HELLO\r\n", "HELLO 0\r\n\r\n", "HELLO 3\r\n\u{FF}!\r\n", "TEXTS 1\r\na\r\n", "TEX\r\n", "X\r\n", "PING-2\r\n", "A1_B\r\n", "TEXT2\r\n",
            // As long as a type may be, and as long as a number that holds one: 32, 16, 17 letters, and one that ends like a known one.
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF\r\n", "ABCDEFGHIJKLMNOP\r\n", "ABCDEFGHIJKLMNOPQ\r\n", "ABCDEFGHIJKLMNOPQRSTUVOPEN\r\n",
        ] as [Raw])
    func unknownTypes(_ unknown: Raw) throws {
        let ping: Raw = "PING\r\n"
        let text: Raw = "TEXT 1\r\na\r\n"
        #expect(Self.plain(try WebSocketEventReader.read(.amid((ping + unknown + text).bytes))) == "PING TEXT(a)")
        #expect(try WebSocketEventReader.read(.amid(unknown.bytes)).isEmpty)
    }

    @Test("Binary content is any bytes, and a text any text")
    func anyBytes() throws {
        let all = Array(UInt8.min...UInt8.max)
        let binary = Array("BINARY 100\r\n".utf8) + all + [0x0D, 0x0A]
        #expect(try WebSocketEventReader.read(.amid(binary)) == [WebSocketEvent(.binary, content: ByteBuffer(bytes: all))])
        let letters = "é 🎈 \u{0} \u{FEFF}"
        let text = "TEXT \(String(letters.utf8.count, radix: 16))\r\n\(letters)\r\n"
        #expect(try WebSocketEventReader.read(.amid(text)) == [WebSocketEvent(.text, content: ByteBuffer(string: letters))])
    }

    @Test("An event without content has empty bytes")
    func emptyBytes() throws {
        #expect(try WebSocketEventReader.read(.amid("TEXT\r\nTEXT 0\r\n\r\nTEXT 1\r\na\r\n")).map(\.bytes.bytes) == [[], [], [0x61]])
    }

    @Test("Kinds have the names that the wire has")
    func names() {
        let expected = ["OPEN", "TEXT", "BINARY", "PING", "PONG", "CLOSE", "DISCONNECT"]
        #expect(WebSocketEvent.Kind.allCases.map(\.rawValue) == expected)
        #expect(WebSocketEvent.Kind.allCases.filter { !$0.hasContent } == [.open, .disconnect])
    }

    // MARK: Malformed

    @Test(
        "A fault is told with the event, the byte, what was expected and what was found",
        arguments: [
            // The type.
            (" 5\r\nhello\r\n", 0, 0, "a type in upper-case letters", #"" 5\r\nhello\r\n""#),
            ("\r\n", 0, 0, "a type in upper-case letters", #""\r\n""#),
            ("text 5\r\nhello\r\n", 0, 0, "a type in upper-case letters", #""text 5\r\nhell""#),
            ("Text\r\n", 0, 1, "a space and a length, or CRLF, behind the type", #""ext\r\n""#),
            ("TEXt\r\n", 0, 3, "a space and a length, or CRLF, behind the type", #""t\r\n""#),
            ("PING\r\nopen\r\n", 1, 6, "a type in upper-case letters", #""open\r\n""#),
            ("PING\r\nPING\r\n\"\\\u{1}", 2, 12, "a type in upper-case letters", #""\"\\\x01""#),
            ("1PING\r\n", 0, 0, "a type in upper-case letters", #""1PING\r\n""#),
            ("-\r\n", 0, 0, "a type in upper-case letters", #""-\r\n""#),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG\r\n", 0, 0, "a type of at most 32 bytes", #""ABCDEFGHIJKL""#),
            // The end of its line.
            ("PING", 0, 4, "a space and a length, or CRLF, behind the type", "the end of the body"),
            ("PING\r", 0, 4, "a space and a length, or CRLF, behind the type", #""\r""#),
            ("PING\n", 0, 4, "a space and a length, or CRLF, behind the type", #""\n""#),
            ("PING\rX", 0, 4, "a space and a length, or CRLF, behind the type", #""\rX""#),
            ("PING\t0\r\n\r\n", 0, 4, "a space and a length, or CRLF, behind the type", #""\x090\r\n\r\n""#),
            ("PINGPONG", 0, 8, "a space and a length, or CRLF, behind the type", "the end of the body"),
            ("HELLO", 0, 5, "a space and a length, or CRLF, behind the type", "the end of the body"),
            ("HELLO\r\nPING\r\nPONG", 2, 17, "a space and a length, or CRLF, behind the type", "the end of the body"),
            // The length.
            ("TEXT ", 0, 5, "a length in hex digits", "the end of the body"),
            ("TEXT \r\n", 0, 5, "a length in hex digits", #""\r\n""#),
            ("TEXT  5\r\nhello\r\n", 0, 5, "a length in hex digits", #"" 5\r\nhello\r\n""#),
            ("TEXT -1\r\n", 0, 5, "a length in hex digits", #""-1\r\n""#),
            ("TEXT +5\r\nhello\r\n", 0, 5, "a length in hex digits", #""+5\r\nhello\r\n""#),
            ("TEXT g\r\n", 0, 5, "a length in hex digits", #""g\r\n""#),
            ("TEXT 0x5\r\nhello\r\n", 0, 6, "CRLF behind the length", #""x5\r\nhello\r\n""#),
            ("TEXT 5g\r\nhello\r\n", 0, 6, "CRLF behind the length", #""g\r\nhello\r\n""#),
            ("TEXT 5 \r\nhello\r\n", 0, 6, "CRLF behind the length", #"" \r\nhello\r\n""#),
            ("TEXT 5\nhello\r\n", 0, 6, "CRLF behind the length", #""\nhello\r\n""#),
            ("TEXT 5", 0, 6, "CRLF behind the length", "the end of the body"),
            ("TEXT 5\r", 0, 6, "CRLF behind the length", #""\r""#),
            ("TEXT 000000005\r\nhello\r\n", 0, 5, "a length of at most 8 hex digits", #""000000005\r\nh""#),
            ("TEXT ffffffffffffffffffffffff\r\n", 0, 5, "a length of at most 8 hex digits", #""ffffffffffff""#),
            ("OPEN x\r\n", 0, 5, "a length in hex digits", #""x\r\n""#),
            // The content, also where it is ignored.
            ("TEXT 6\r\nhello", 0, 8, "6 bytes of content", "5 bytes up to the end of the body"),
            ("TEXT ffffffff\r\nhello\r\n", 0, 15, "4294967295 bytes of content", "7 bytes up to the end of the body"),
            ("TEXT 1\r\n", 0, 8, "1 bytes of content", "0 bytes up to the end of the body"),
            ("OPEN 1\r\n", 0, 8, "1 bytes of content", "0 bytes up to the end of the body"),
            ("HELLO 5\r\nhell", 0, 9, "5 bytes of content", "4 bytes up to the end of the body"),
            ("TEXT 5\r\nhello", 0, 13, "CRLF behind 5 bytes of content", "the end of the body"),
            ("TEXT 5\r\nhello\n", 0, 13, "CRLF behind 5 bytes of content", #""\n""#),
            ("TEXT 4\r\nhello\r\n", 0, 12, "CRLF behind 4 bytes of content", #""o\r\n""#),
            ("TEXT 6\r\nhello\r\n", 0, 14, "CRLF behind 6 bytes of content", #""\n""#),
            ("TEXT 0\r\n", 0, 8, "CRLF behind 0 bytes of content", "the end of the body"),
            ("OPEN 0\r\nPING\r\n", 0, 8, "CRLF behind 0 bytes of content", #""PING\r\n""#),
            // The first of two faults.
            ("PING\r\nTEXT 1\r\nab\r\nTEXT x\r\n", 1, 15, "CRLF behind 1 bytes of content", #""b\r\nTEXT x\r\n""#),
        ] as [(Raw, Int, Int, String, String)])
    func malformed(_ body: Raw, _ index: Int, _ offset: Int, _ expected: String, _ found: String) throws {
        #expect(try fault(body.bytes) == WebSocketEventError(index: index, offset: offset, expected: expected, found: found))
    }

    @Test("The error is one sentence")
    func description() throws {
        let error = try fault(Array("PING\r\nTEXT 5\r\nhello".utf8))
        #expect(error.description == "events[1], byte 19: expected CRLF behind 5 bytes of content, found the end of the body")
    }

    @Test(
        "Text that is not UTF-8 cannot be sent",
        arguments: [[0xFF], [0x61, 0xC3], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80]] as [[UInt8]])
    func notUTF8(_ content: [UInt8]) throws {
        let good = Array("TEXT 1\r\na\r\n".utf8)
        let line: [UInt8] = [0x0D, 0x0A]
        let text = good + Array("TEXT \(content.count)".utf8) + line + content + line
        #expect(try fault(text) == WebSocketEventError(index: 1, offset: 19, expected: "valid UTF-8 in a TEXT", found: "other bytes"))
        let close = Array("CLOSE \(content.count + 2)".utf8) + line + [3, 0xE8] + content + line
        #expect(
            try fault(close) == WebSocketEventError(index: 0, offset: 11, expected: "valid UTF-8 in the reason of a CLOSE", found: "other bytes"))
        // A code of a close is no text.
        let code = Array("CLOSE 2".utf8) + line + [0xFF, 0xFF] + line
        #expect(try WebSocketEventReader.read(.amid(code)).count == 1)
    }

    @Test("A ping or pong holds 125 bytes, not 126", arguments: ["PING", "PONG"])
    func longPing(_ type: String) throws {
        func body(_ count: Int) -> [UInt8] { Array("\(type) \(String(count, radix: 16))\r\n\(String(repeating: "x", count: count))\r\n".utf8) }
        #expect(try WebSocketEventReader.read(.amid(body(125))).first?.bytes.readableBytes == 125)
        #expect(try fault(body(126)) == WebSocketEventError(index: 0, offset: 9, expected: "at most 125 bytes in a \(type)", found: "126 bytes"))
    }

    @Test("A body that was cut anywhere is refused, unless it was cut between two events")
    func cuts() throws {
        let events = ["OPEN\r\n", "TEXT 5\r\nhello\r\n", "HELLO 2\r\n\r\n\r\n", "BINARY 0\r\n\r\n", "CLOSE 2\r\n\u{3}\u{4}\r\n"]
        let body = Array(events.joined().utf8)
        var borders: Set<Int> = [0]
        for event in events { borders.insert((borders.max() ?? 0) + event.utf8.count) }
        for cut in 0...body.count {
            let part = ByteBuffer.amid(body[..<cut])
            if borders.contains(cut) {
                #expect(throws: Never.self) { try WebSocketEventReader.read(part) }
            } else {
                let error = #expect(throws: WebSocketEventError.self) { try WebSocketEventReader.read(part) }
                #expect(error?.offset ?? -1 <= cut)
            }
        }
    }

    @Test("Nothing crashes on a byte that was changed, and the place named lies in the body")
    func damage() throws {
        let body = Array("OPEN\r\nTEXT a\r\nhello worl\r\nPING 1\r\n!\r\nCLOSE 4\r\n\u{3}xok\r\n".utf8)
        var refused = 0
        for place in body.indices {
            for byte in UInt8.min...UInt8.max {
                var damaged = body
                damaged[place] = byte
                do {
                    #expect(try WebSocketEventReader.read(.amid(damaged)).count <= 4)
                } catch {
                    refused += 1
                    guard (0...4).contains(error.index), (0...body.count).contains(error.offset) else {
                        Issue.record("\(error) in \(printable(damaged))")
                        continue
                    }
                }
            }
        }
        #expect(refused > body.count * 100)
    }

    // MARK: Cost

    @Test("Many small events take time for each, not for each pair", .timeLimit(.minutes(1)))
    func manyEvents() throws {
        let count = 4_000_000 / 6
        var body = ByteBufferAllocator().buffer(capacity: count * 6)
        for _ in 0..<count { body.writeStaticString("PING\r\n") }
        let clock = ContinuousClock()
        let start = clock.now
        let events = try WebSocketEventReader.read(body)
        #expect(events.count == count)
        #expect(events.allSatisfy { $0 == WebSocketEvent(.ping) })
        // A debug build takes about a second; the square of the count would take hours.
        #expect(clock.now - start < .seconds(30))
        #expect(MemoryLayout<WebSocketEvent>.stride <= 32)
    }
}
