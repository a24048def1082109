// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ExactTextTests {
    @Test("Two spellings of a letter are two texts")
    func spellings() {
        #expect("é" == "e\u{301}", "to Swift they are one")
        #expect(ExactText("é") != ExactText("e\u{301}"))
        #expect(ExactText("\u{212A}") != ExactText("K"))
        #expect(Set([ExactText("é"), ExactText("e\u{301}"), ExactText("é")]).count == 2)
    }

    @Test("The same bytes are the same text, wherever they are kept")
    func same() {
        let long = String(repeating: "é", count: 20)
        #expect(ExactText(long) == ExactText(String("x\(long)".dropFirst())))
        #expect(ExactText(long).hashValue == ExactText(String("x\(long)".dropFirst())).hashValue)
        #expect(ExactText("") == ExactText(""))
        #expect(ExactText("a") != ExactText("ab"))
    }
}
