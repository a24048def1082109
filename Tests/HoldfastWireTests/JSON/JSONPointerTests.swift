// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct JSONPointerTests {
    @Test(
        "Pointers are cut at slashes",
        arguments: [
            ("", []), ("/", [""]), ("/a", ["a"]), ("/a/b/0", ["a", "b", "0"]), ("/a~1b", ["a/b"]), ("/m~0n", ["m~n"]), ("/~01", ["~1"]),
            ("/ ", [" "]), ("//", ["", ""]), ("/é", ["é"]),
        ] as [(String, [String])])
    func tokens(_ text: String, _ tokens: [String]) {
        #expect(JSONPointer(text)?.tokens == tokens)
        #expect(JSONPointer(text)?.description == text)
    }

    @Test("What is no pointer is none", arguments: ["a", " /a", "#/a", "/~", "/a~", "/~2", "/~a/b"])
    func none(_ text: String) { #expect(JSONPointer(text) == nil) }
}
