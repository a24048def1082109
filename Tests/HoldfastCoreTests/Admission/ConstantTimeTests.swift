// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ConstantTimeTests {
    @Test("Equal texts are equal", arguments: ["", "a", "token", "tökén", String(repeating: "x", count: 10_000)])
    func equal(_ text: String) {
        #expect(ConstantTime.equal(text, text))
    }

    @Test(
        "Texts that differ anywhere are not",
        arguments: [
            ("", "a"), ("a", ""), ("token", "tokem"), ("token", "Token"), ("token", "token "), ("token", "tokentoken"), ("token", "toke"),
            ("token\0", "token"), ("\u{e9}", "e\u{301}"),
        ])
    func different(_ left: String, _ right: String) {
        #expect(!ConstantTime.equal(left, right))
        #expect(!ConstantTime.equal(right, left))
    }
}
