// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct JSONWriterTests {
    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(buffer: writer.buffer)
    }

    @Test("Each kind of value is written")
    func values() {
        #expect(written { $0.null() } == "null")
        #expect(written { $0.bool(true) } == "true")
        #expect(written { $0.bool(false) } == "false")
        #expect(written { $0.string("") } == "\"\"")
        #expect(written { $0.string(utf8: .amid("é")) } == "\"é\"")
        #expect(written { $0.base64(ByteBuffer(bytes: [0xFB, 0xFF])) } == "\"+/8=\"")
        #expect(written { $0.base64(ByteBuffer()) } == "\"\"")
        #expect(written { $0.raw(.amid("{\"a\" : 1.0}")) } == "{\"a\" : 1.0}")
        #expect(
            written {
                $0.beginObject()
                $0.endObject()
            } == "{}")
        #expect(
            written {
                $0.beginArray()
                $0.endArray()
            } == "[]")
    }

    @Test("Integers are written in decimal, of any width", arguments: [0, 1, 9, 10, -1, -9, -10, 123_456_789, Int.max, Int.min])
    func integers(_ value: Int) { #expect(written { $0.integer(value) } == String(value)) }

    @Test("The smallest and largest of each width fit")
    func widths() {
        #expect(written { $0.integer(Int8.min) } == "-128")
        #expect(written { $0.integer(UInt8.max) } == "255")
        #expect(written { $0.integer(UInt16(7)) } == "7")
        #expect(written { $0.integer(UInt64.max) } == "18446744073709551615")
        #expect(written { $0.integer(UInt128.max) } == "340282366920938463463374607431768211455")
    }

    @Test(
        "What must be escaped is, and nothing else",
        arguments: [
            ("plain", "plain"), ("\"", "\\\""), ("\\", "\\\\"), ("/", "/"), ("\n\r\t", "\\n\\r\\t"), ("\u{8}\u{C}", "\\u0008\\u000c"),
            ("\0", "\\u0000"),
            ("\u{1F}", "\\u001f"), ("\u{10}\u{B}", "\\u0010\\u000b"), ("\u{7F}", "\u{7F}"), ("\u{2028}", "\u{2028}"), ("é€😀", "é€😀"),
            ("a\"b\"c", "a\\\"b\\\"c"),
            ("\\\"\\", "\\\\\\\"\\\\"), ("\r\n", "\\r\\n"), ("</script>", "</script>"), ("e\u{301}", "e\u{301}"),
        ] as [(Raw, Raw)])
    func escapes(_ text: Raw, _ expected: Raw) {
        #expect(written { $0.string(text.text) } == "\"\(expected.text)\"")
        #expect(written { $0.string(utf8: .amid(text.bytes)) } == "\"\(expected.text)\"")
        #expect(
            written {
                $0.beginObject()
                $0.key(escaping: text.text)
                $0.null()
                $0.endObject()
            } == "{\"\(expected.text)\":null}")
    }

    @Test("Wherever it stands, what must be escaped is, and its neighbours are not", arguments: 0...26)
    func places(_ place: Int) {
        // Among them each byte's neighbours in value, with and without the top bit: 0x1F to 0x21, 0x21 to 0x23, 0x5B to 0x5D, 0xA2, 0xDC.
        let pieces = ["\"", "\\", "\n", "\0", "\u{1F}", " ", "!", "#", "[", "]", "\u{7F}", "\u{A2}", "\u{9C}", "ܜ", "😀"]
        for filler in ["x", "\u{80}"] {
            let before = String(repeating: filler, count: place)
            for first in pieces {
                for second in pieces {
                    for after in [0, 7, 8] {
                        let text = before + first + second + String(repeating: filler, count: after)
                        guard written({ $0.string(text) }) != Self.quoted(text) else { continue }
                        Issue.record("\(printable(text.utf8)): \(printable(written { $0.string(text) }.utf8))")
                        return
                    }
                }
            }
        }
    }

    /// The same, scalar by scalar.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\0": quoted += "\\u0000"
            case "\u{1F}": quoted += "\\u001f"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    @Test("Every character of ASCII comes back from the reader as it was")
    func ascii() throws {
        for byte in UInt8(0)...0x7F {
            let text = "a" + String(UnicodeScalar(byte)) + "b"
            #expect(try JSONReader.parse(ByteBuffer(string: written { $0.string(text) })).string == text)
        }
    }

    @Test("Commas stand between values, and nowhere else")
    func commas() {
        let text = written {
            $0.beginObject()
            $0.key("empty")
            $0.beginObject()
            $0.endObject()
            $0.key("list")
            $0.beginArray()
            $0.integer(1)
            $0.beginArray()
            $0.endArray()
            $0.beginArray()
            $0.null()
            $0.bool(true)
            $0.endArray()
            $0.beginObject()
            $0.key("a" as StaticString)
            $0.raw(ByteBuffer(string: "[ ]"))
            $0.key("b" as StaticString)
            $0.string("x")
            $0.endObject()
            $0.base64(ByteBuffer(string: "foo"))
            $0.string(utf8: ByteBuffer(string: "y"))
            $0.endArray()
            $0.key("last")
            $0.integer(-5)
            $0.endObject()
        }
        #expect(text == #"{"empty":{},"list":[1,[],[null,true],{"a":[ ],"b":"x"},"Zm9v","y"],"last":-5}"#)
    }

    @Test("Each kind of value is followed by a comma")
    func commaAfterEach() {
        let writes: [(inout JSONWriter) -> Void] = [
            { $0.null() }, { $0.bool(true) }, { $0.integer(1) }, { $0.string("s") }, { $0.string(utf8: ByteBuffer(string: "u")) },
            { $0.base64(ByteBuffer()) }, { $0.raw(ByteBuffer(string: "0")) },
            {
                $0.beginArray()
                $0.endArray()
            },
            {
                $0.beginObject()
                $0.endObject()
            },
        ]
        for write in writes {
            let text = written {
                $0.beginArray()
                write(&$0)
                $0.integer(7)
                write(&$0)
                $0.endArray()
            }
            let one = written(write)
            #expect(text == "[\(one),7,\(one)]")
        }
    }

    @Test("Random values come back from the reader as they went in", arguments: 0..<100)
    func roundTrip(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let value = Self.value(depth: 0, &random)
        var writer = JSONWriter(capacity: 0)
        Self.write(value, to: &writer)
        #expect(PlainJSON(try JSONReader.parse(writer.buffer)) == value)
    }

    private static let alphabet = Array("ab\"\\/\n\r\t\0\u{1F}é€😀\u{301}\u{7F}\u{2028}".unicodeScalars)

    private static func text(_ random: inout SplitMix64) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &random) { text.unicodeScalars.append(alphabet.randomElement(using: &random) ?? "a") }
        return text
    }

    private static func value(depth: Int, _ random: inout SplitMix64) -> PlainJSON {
        switch Int.random(in: 0..<(depth < 6 ? 8 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(String(Int64(truncatingIfNeeded: random.next())))
        case 3: return .string(text(&random))
        case 4, 5: return .array((0..<Int.random(in: 0...5, using: &random)).map { _ in value(depth: depth + 1, &random) })
        default:
            return .object((0..<Int.random(in: 0...5, using: &random)).map { _ in .init(text(&random), value(depth: depth + 1, &random)) })
        }
    }

    private static func write(_ value: PlainJSON, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let digits): writer.raw(ByteBuffer(string: digits))
        case .string(let text): writer.string(text)
        case .array(let values):
            writer.beginArray()
            for value in values { write(value, to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(escaping: member.name)
                write(member.value, to: &writer)
            }
            writer.endObject()
        }
    }
}
