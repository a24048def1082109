// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct TextFilterTests {
    @Test(
        "A message is left out when one of the patterns is found in it",
        arguments: [
            ([], "heartbeat", false), (["heartbeat"], "a heartbeat!", true), (["heartbeat"], "heartbea", false), (["heartbeat"], "", false),
            (["x", "beat"], "heartbeat", true), (["^\\{\"type\":\"(ping|pong)\""], "{\"type\":\"pong\"}", true),
            (["^\\{\"type\":\"(ping|pong)\""], "{\"type\":\"pung\"}", false), (["aab"], "aaab", true), (["é"], "é", true), (["é"], "e\u{301}", false),
        ] as [([String], String, Bool)])
    func text(_ patterns: [String], _ text: String, _ expected: Bool) throws {
        #expect(try TextFilter(patterns).excludes(.sample(text)) == expected)
    }

    @Test("Binary messages are never left out")
    func binary() throws {
        #expect(try !TextFilter(["a", "."]).excludes(.binary(ByteBuffer(string: "aaa"))))
    }

    @Test("Only the beginning of a message is looked at", arguments: ["needle", "needl[e]"])
    func beginning(_ pattern: String) throws {
        let filter = try TextFilter([pattern])
        let within = String(repeating: " ", count: TextFilter.maxTextBytes - 6) + "needle"
        #expect(filter.excludes(.sample(within)))
        #expect(filter.excludes(.sample(within + "more")))
        #expect(!filter.excludes(.sample(" " + within)))
        #expect(try !TextFilter(["^ *$"]).excludes(.sample(String(repeating: " ", count: TextFilter.maxTextBytes + 1))), "that is not its end")
    }

    @Test("The first pattern that is wrong is told")
    func wrong() {
        #expect(throws: TextPatternError.self) { try TextFilter(["a", "("]) }
        #expect(throws: TextPatternError.self) { try TextFilter(Array(repeating: "a", count: 33)) }
        #expect(throws: Never.self) { try TextFilter(Array(repeating: "a", count: 32)) }
    }
}
