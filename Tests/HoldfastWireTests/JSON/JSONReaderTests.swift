// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct JSONReaderTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONReader.parse(.amid(text)) }

    private func plain(_ text: String) throws -> PlainJSON { PlainJSON(try parse(text)) }

    private func error(_ text: String) -> JSONSyntaxError? { error(Array(text.utf8)) }

    private func error(_ bytes: [UInt8]) -> JSONSyntaxError? {
        do throws(JSONSyntaxError) {
            _ = try JSONReader.parse(.amid(bytes))
            return nil
        } catch {
            return error
        }
    }

    // MARK: Values

    @Test("Each kind of value is read")
    func kinds() throws {
        #expect(try plain(" null ") == .null)
        #expect(try plain("true") == .bool(true))
        #expect(try plain("false") == .bool(false))
        #expect(try plain("-1.5e3") == .number("-1.5e3"))
        #expect(try plain("\"a\"") == .string("a"))
        #expect(try plain("[]") == .array([]))
        #expect(try plain("{ }") == .object([]))
        #expect(
            try plain("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}")
                == .object([
                    .init("a", .array([.number("1"), .object([.init("b", .null)])])), .init("c", .string("d")),
                ]))
    }

    @Test(
        "Numbers are kept as they were written, however large or exact",
        arguments: [
            "0", "-0", "-0.0", "1.0", "1e5", "1E+05", "100000000000000000000000000000000000000", "-1e400", "1e-400",
            "0.1000000000000000055511151231257827",
            "9223372036854775807", "9223372036854775808", "1" + String(repeating: "0", count: 5000), "0." + String(repeating: "1", count: 5000),
        ])
    func numbers(_ digits: String) throws {
        #expect(try plain(digits) == .number(digits))
        #expect(try plain("[\(digits),\(digits)]") == .array([.number(digits), .number(digits)]))
    }

    @Test(
        "Strings are decoded",
        arguments: [
            (#""""#, ""), (#""plain""#, "plain"), (#""é€😀""#, "é€😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\ud83d\ude00""#, "😀"), (#""\uD800\uDC00\uDBFF\uDFFF""#, "\u{10000}\u{10FFFF}"),
            (#""\ud7ff\ue000\uffff""#, "\u{D7FF}\u{E000}\u{FFFF}"),
            (#""\u0000""#, "\0"), (#""a\nb""#, "a\nb"), (#""é\né""#, "é\né"), (#""\\u0041""#, "\\u0041"), (#""\\""#, "\\"),
            (#""e\u0301""#, "e\u{301}"),
            (#""😀\u0020😀""#, "😀 😀"), ("\"\u{7F}\u{80}\"", "\u{7F}\u{80}"), ("\"\u{FFFD}\"", "\u{FFFD}"), (#""\ufffd\n""#, "\u{FFFD}\n"),
        ] as [(Raw, Raw)])
    func strings(_ source: Raw, _ expected: Raw) throws {
        guard case .string(let text) = try parse(source.text).content else {
            Issue.record("not a string")
            return
        }
        #expect(Array(text.unicodeScalars) == Array(expected.text.unicodeScalars))
        #expect(try plain("{\(source.text):1}") == .object([.init(expected.text, .number("1"))]))
    }

    @Test("Every scalar that need not be escaped is read as it is, and in its escaped form")
    func scalars() throws {
        for value in Array(UInt32(0x20)...0x2FF) + [0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF] {
            let scalar = try #require(Unicode.Scalar(value))
            let text = String(scalar)
            if value != 0x22, value != 0x5C { #expect(try plain("\"\(text)\"") == .string(text)) }
            let escaped = text.utf16.map { "\\u" + String(repeating: "0", count: 4 - String($0, radix: 16).count) + String($0, radix: 16) }.joined()
            #expect(try plain("\"\(escaped)\"") == .string(text))
        }
    }

    @Test("Repeated names are all kept, in order")
    func repeatedNames() throws {
        let value = try parse(#"{"a":1,"b":2,"a":3}"#)
        #expect(value.object?.map(\.name) == ["a", "b", "a"])
        #expect(value["a"]?.integer == 3)
    }

    // MARK: Sources

    @Test("Each value keeps exactly its own bytes")
    func sources() throws {
        let text = " { \"a\" : [ 1.0 , \"\\u0041é\" ,\n{ } ] , \"b\":null, \"c\" : -2E+01 } "
        let value = try parse(text)
        #expect(String(buffer: value.source) == "{ \"a\" : [ 1.0 , \"\\u0041é\" ,\n{ } ] , \"b\":null, \"c\" : -2E+01 }")
        #expect(value["a"].map { String(buffer: $0.source) } == "[ 1.0 , \"\\u0041é\" ,\n{ } ]")
        #expect(value["a"]?.array?.map { String(buffer: $0.source) } == ["1.0", "\"\\u0041é\"", "{ }"])
        #expect(value["b"].map { String(buffer: $0.source) } == "null")
        #expect(value["c"].map { String(buffer: $0.source) } == "-2E+01")
    }

    @Test("A value's own bytes parse to the same value", arguments: JSONSamples.valid)
    func sourcesParse(_ text: Raw) throws {
        func check(_ value: JSONValue) throws {
            #expect(PlainJSON(try JSONReader.parse(value.source)) == PlainJSON(value))
            for element in value.array ?? [] { try check(element) }
            for member in value.object ?? [] { try check(member.value) }
        }
        try check(JSONReader.parse(.amid(text.bytes)))
    }

    @Test("The document is left as it was")
    func documentStays() throws {
        let document = ByteBuffer.amid("[1]")
        _ = try JSONReader.parse(document)
        #expect(String(buffer: document) == "[1]")
    }

    // MARK: Depth

    @Test("128 levels are read and 129 are not, of arrays, of objects and of both")
    func depth() throws {
        #expect(JSONReader.maxDepth == 128)
        for (open, core, close) in [("[", "", "]"), ("[", "1", "]"), ("{\"a\":", "1", "}"), ("{\"a\":", "{}", "}"), ("[[1],", "[1]", "]")] {
            let extra = core.isEmpty || core == "1" ? 0 : 1
            #expect(error(JSONSamples.nested(128 - extra, open: open, core: core, close: close)) == nil, "\(open)")
            let fault = error(JSONSamples.nested(129 - extra, open: open, core: core, close: close))
            #expect(fault?.message == "nested deeper than 128 levels", "\(open)")
        }
        #expect(error(JSONSamples.nested(64, open: "[{\"a\":", core: "1", close: "}]")) == nil)
        #expect(error(JSONSamples.nested(65, open: "[{\"a\":", core: "1", close: "}]"))?.message == "nested deeper than 128 levels")
    }

    @Test("Only open levels count, not those that were closed")
    func breadth() {
        let deep = String(decoding: JSONSamples.nested(127), as: UTF8.self)
        #expect(error("[" + (0..<50).map { _ in deep }.joined(separator: ",") + "]") == nil)
        #expect(error("{" + (0..<50).map { "\"\($0)\":\(deep)" }.joined(separator: ",") + "}") == nil)
    }

    @Test("A hundred thousand brackets are refused, not recursed into", arguments: ["[", "{\"a\":", "[{\"a\":"])
    func bomb(_ open: String) {
        #expect(error(String(repeating: open, count: 100_000))?.message == "nested deeper than 128 levels")
    }

    // MARK: Errors

    @Test(
        "An error names the line and the column where reading stopped, and why",
        arguments: [
            ("", 1, 1, "unexpected end"), ("  ", 1, 3, "unexpected end"), ("\n\n ", 3, 2, "unexpected end"), ("x", 1, 1, "expected a value"),
            ("nul", 1, 1, "expected a value"), ("[nulx]", 1, 2, "expected a value"), ("\r\n\tx", 2, 2, "expected a value"),
            ("1 2", 1, 3, "unexpected text after the value"), ("{}\n}", 2, 1, "unexpected text after the value"),
            ("01", 1, 2, "unexpected text after the value"),
            ("[1,]", 1, 4, "expected a value"), ("[1,\n  ]", 2, 3, "expected a value"), ("[1", 1, 3, "expected ',' or ']'"),
            ("[1 2]", 1, 4, "expected ',' or ']'"),
            ("[", 1, 2, "unexpected end"), ("{", 1, 2, "expected a member name in quotes"), ("{a:1}", 1, 2, "expected a member name in quotes"),
            ("{\"a\":1,}", 1, 8, "expected a member name in quotes"), ("{\"a\" 1}", 1, 6, "expected ':' after a member name"),
            ("{\"a\":}", 1, 6, "expected a value"), ("{\"a\":", 1, 6, "unexpected end"), ("{\"a\":1", 1, 7, "expected ',' or '}'"),
            ("{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "expected ',' or '}'"), ("-", 1, 2, "expected a digit"), ("1.", 1, 3, "expected a digit"),
            ("[1.e1]", 1, 4, "expected a digit"), ("1e+", 1, 4, "expected a digit"), ("\"abc", 1, 5, "unterminated string"),
            ("\"a\\", 1, 4, "unterminated string"),
            ("\"a\\n", 1, 5, "unterminated string"), ("\"a\\q\"", 1, 4, "unknown escape"), ("\"\\u12x4\"", 1, 6, "expected four hex digits"),
            ("\"\\u12", 1, 6, "expected four hex digits"), ("\"a\nb\"", 1, 3, "control character in a string; escape it"),
            ("\"\\n\tb\"", 1, 4, "control character in a string; escape it"), ("\"\\udc00\"", 1, 8, "lone surrogate in a string"),
            ("\"\\ud83dx\"", 1, 8, "lone surrogate in a string"),
            ("\"\\udc00\\udc00\"", 1, 8, "lone surrogate in a string"), ("\"\\ud83d\\u0041\"", 1, 14, "lone surrogate in a string"),
            // Columns are bytes.
            ("\"é\" x", 1, 6, "unexpected text after the value"), ("[\"😀\",]", 1, 9, "expected a value"),
        ] as [(Raw, Int, Int, String)])
    func errors(_ text: Raw, _ line: Int, _ column: Int, _ message: String) {
        #expect(error(text.bytes) == JSONSyntaxError(line: line, column: column, message: message))
    }

    @Test("Bad UTF-8 in a string is named as such, escapes or not")
    func badUTF8() {
        for bytes in [[0x22, 0x61, 0xFF, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x22, 0xFF, 0x5C, 0x6E, 0x22]] as [[UInt8]] {
            #expect(error(bytes) == JSONSyntaxError(line: 1, column: bytes.count, message: "string is not valid UTF-8"))
        }
    }

    @Test("The error of too deep nesting points behind the bracket")
    func deepError() {
        #expect(error(String(repeating: "[\n", count: 129)) == JSONSyntaxError(line: 129, column: 2, message: "nested deeper than 128 levels"))
    }
}
