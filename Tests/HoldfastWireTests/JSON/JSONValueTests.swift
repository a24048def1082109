// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct JSONValueTests {
    private func value(_ text: String) throws -> JSONValue { try JSONReader.parse(ByteBuffer(string: text)) }

    @Test(
        "A value says what it is",
        arguments: [
            ("null", "null"), ("true", "a boolean"), ("1", "a number"), ("\"\"", "a string"), ("[]", "an array"), ("{}", "an object"),
        ])
    func kinds(_ text: String, _ kind: String) throws { #expect(try value(text).kind == kind) }

    @Test("A value answers to its own kind only", arguments: ["null", "true", "1", "\"1\"", "[1]", "{\"a\":1}"])
    func accessors(_ text: String) throws {
        let value = try value(text)
        #expect(value.isNull == (text == "null"))
        #expect(value.bool == (text == "true" ? true : nil))
        #expect(value.integer == (text == "1" ? 1 : nil))
        #expect(value.string == (text == "\"1\"" ? "1" : nil))
        #expect(value.array?.count == (text == "[1]" ? 1 : nil))
        #expect(value.object?.count == (text == "{\"a\":1}" ? 1 : nil))
        #expect((value["a"] != nil) == (text == "{\"a\":1}"))
    }

    @Test(
        "An integer is what fits without fraction or exponent",
        arguments: [
            ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("1.0", nil), ("1e2", nil), ("1E0", nil), ("0.5", nil),
        ] as [(String, Int?)])
    func integers(_ text: String, _ expected: Int?) throws { #expect(try value(text).integer == expected) }

    @Test("A member is found by its exact name, the last one where the name is repeated")
    func members() throws {
        let object = try value(#"{"a":1,"A":2,"b":{"a":3},"a":4,"":5}"#)
        #expect(object["a"]?.integer == 4)
        #expect(object["A"]?.integer == 2)
        #expect(object[""]?.integer == 5)
        #expect(object["b"]?["a"]?.integer == 3)
        #expect(object["c"] == nil)
        #expect(try value("[1]")["0"] == nil)
    }

    @Test("A member is not found by a name that only looks the same")
    func lookalikes() throws {
        // The Kelvin sign and K, é in one scalar and in two: equal strings in Swift, different names in JSON.
        #expect(try value("{\"\u{212A}\":1}")["K"] == nil)
        #expect(try value("{\"e\u{301}\":1}")["é"] == nil)
        #expect(try value("{\"é\":1,\"e\u{301}\":2}")["é"]?.integer == 1)
    }
}
