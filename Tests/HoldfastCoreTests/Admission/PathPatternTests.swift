// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct PathPatternTests {
    @Test(
        "A pattern fits its own path, or all below it",
        arguments: [
            ("/chat", "/chat", Int.max), ("/chat", "/chat/", nil), ("/chat", "/chat/7", nil), ("/chat", "/Chat", nil), ("/chat", "/", nil),
            ("/chat/", "/chat/", Int.max), ("/chat/", "/chat", nil), ("/", "/", Int.max), ("/", "/a", nil), ("/chat/*", "/chat/", 6),
            ("/chat/*", "/chat/7", 6), ("/chat/*", "/chat/7/8", 6), ("/chat/*", "/chat", nil), ("/chat/*", "/chatter/7", nil), ("/*", "/", 1),
            ("/*", "/chat/7", 1), ("/*", "", nil), ("/*", "*", nil), ("/é/*", "/é/7", 4), ("/a%20b", "/a%20b", Int.max), ("/a%20b", "/a b", nil),
        ] as [(String, String, Int?)])
    func fit(_ text: String, _ path: String, _ expected: Int?) throws {
        #expect(try #require(PathPattern(text)).fit(path) == expected)
    }

    @Test(
        "Anything else is refused",
        arguments: ["", "chat", "*", "chat/*", "/chat*", "/*/", "/*/chat", "/a*b", "/**", "/chat?x=1", "/chat#top", " /chat"])
    func refuses(_ text: String) {
        #expect(PathPattern(text) == nil)
    }

    @Test("A pattern is described as it was written", arguments: ["/", "/*", "/chat", "/chat/*"])
    func description(_ text: String) {
        #expect(PathPattern(text)?.description == text)
    }

    @Test("The pattern for every path is the one that configuration writes")
    func all() {
        #expect(PathPattern("/*") == .all)
    }
}
