// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ForwardedForRuleTests {
    @Test(
        "A rule keeps and adds",
        arguments: [
            ("", ["1.1.1.1, 2.2.2.2", "3.3.3.3"], "1.1.1.1, 2.2.2.2, 3.3.3.3"), ("append", ["1.1.1.1"], "1.1.1.1, 9.9.9.9"),
            ("append", [], "9.9.9.9"),
            ("truncate:0", ["1.1.1.1"], nil), ("truncate:0,append", ["1.1.1.1"], "9.9.9.9"),
            ("truncate:1,append", ["1.1.1.1,2.2.2.2"], "2.2.2.2, 9.9.9.9"),
            (" append , truncate:2 ", ["1.1.1.1", " 2.2.2.2 ,, 3.3.3.3"], "2.2.2.2, 3.3.3.3, 9.9.9.9"), ("truncate:5", ["1.1.1.1"], "1.1.1.1"),
        ] as [(String, [String], String?)])
    func value(_ text: String, _ before: [String], _ after: String?) throws {
        #expect(try #require(ForwardedForRule(text)).value(before, own: "9.9.9.9") == after)
    }

    @Test(
        "What is no rule is none",
        arguments: [
            "truncate", "truncate:", "truncate:x", "truncate:-1", "truncate:99999999999999999999", "append,", ",append", "append,append",
            "truncate:1,truncate:1", "Append", "drop",
        ])
    func none(_ text: String) { #expect(ForwardedForRule(text) == nil) }
}
