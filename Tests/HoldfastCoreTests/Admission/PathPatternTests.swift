// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct PathPatternTests {
    @Test(
        "A pattern fits its own path, all below it, or all that begins so",
        arguments: [
            ("/chat", "/chat", Int.max), ("/chat", "/chat/", nil), ("/chat", "/chat/7", nil), ("/chat", "/Chat", nil), ("/chat", "/", nil),
            ("/chat/", "/chat/", Int.max), ("/chat/", "/chat", nil), ("/", "/", Int.max), ("/", "/a", nil), ("/chat/*", "/chat/", 6),
            ("/chat/*", "/chat/7", 6), ("/chat/*", "/chat/7/8", 6), ("/chat/*", "/chat", nil), ("/chat/*", "/chatter/7", nil), ("/*", "/", 1),
            ("/*", "/chat/7", 1), ("/*", "", nil), ("/*", "*", nil), ("/é/*", "/é/7", 4), ("/a%20b", "/a%20b", Int.max), ("/a%20b", "/a b", nil),
            ("/chat*", "/chat", 5), ("/chat*", "/chat/7", 5), ("/chat*", "/chatter", 5), ("/chat*", "/Chatter", nil), ("/chat*", "/cha", nil),
            ("/chat*", "/", nil), ("/chat.*", "/chat.js", 6), ("/chat.*", "/chat", nil),
        ] as [(String, String, Int?)])
    func fit(_ text: String, _ path: String, _ expected: Int?) throws {
        #expect(try #require(PathPattern(text)).fit(path) == expected)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "chat", "*", "chat/*", "chat*", "/*/", "/*/chat", "/chat**", "/c*t*", "/chat*/", "/chat*?x", "/a*b", "/**", "/chat?x=1", "/chat#top",
            " /chat",
        ])
    func refuses(_ text: String) {
        #expect(PathPattern(text) == nil)
    }

    @Test("A pattern is described as it was written", arguments: ["/", "/*", "/chat", "/chat/*", "/chat*"])
    func description(_ text: String) {
        #expect(PathPattern(text)?.description == text)
    }

    @Test(
        "The fixed part is what all its paths begin with, less a slash at its end",
        arguments: [
            ("/*", ""), ("/chat/*", "/chat"), ("/chat/news/*", "/chat/news"), ("/chat*", "/chat"), ("/chat.*", "/chat."), ("/chat", "/chat"),
            ("/chat//*", "/chat/"),
        ])
    func fixedPart(_ text: String, _ expected: String) throws {
        let pattern = try #require(PathPattern(text))
        #expect(pattern.fixedPart == expected)
        #expect(pattern.fit(expected + "/") != nil || text == expected)
    }

    @Test("The pattern for every path is the one that configuration writes")
    func all() {
        #expect(PathPattern("/*") == .all)
    }
}
