// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct RouteTableTests {
    private func table(_ patterns: String...) throws -> RouteTable<String> {
        RouteTable(try patterns.map { (pattern: try #require(PathPattern($0)), route: $0) })
    }

    @Test(
        "An exact route beats all others, then the longest prefix counts, whatever the order of the list",
        arguments: [
            ("/chat", "/chat"), ("/chat/", "/chat/*"), ("/chat/7", "/chat/*"), ("/chat/news/7", "/chat/news/*"), ("/chat/news", "/chat/*"),
            ("/chatter", "/*"), ("/", "/*"), ("/chat/news/today", "/chat/news/today"),
        ])
    func best(_ path: String, _ expected: String) throws {
        #expect(try table("/*", "/chat", "/chat/*", "/chat/news/*", "/chat/news/today").route(for: path) == expected)
        #expect(try table("/chat/news/today", "/chat/news/*", "/chat/*", "/chat", "/*").route(for: path) == expected)
    }

    @Test("A path that nothing fits has no route")
    func none() throws {
        #expect(try table("/chat", "/news/*").route(for: "/") == nil)
        #expect(try table("/chat", "/news/*").route(for: "/news") == nil)
        #expect(try table().route(for: "/") == nil)
        #expect(try table("/*").route(for: "") == nil)
    }
}
