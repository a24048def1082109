// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct RouteTableTests {
    private func table(_ patterns: String...) throws -> RouteTable<String> {
        RouteTable(try patterns.map { .init(pattern: try #require(PathPattern($0)), route: $0) })
    }

    /// Routes such as `b.test/chat/*`; without a host where it begins with a slash.
    private func hostTable(_ places: String...) throws -> RouteTable<String> {
        RouteTable(
            try places.map { place in
                let host = String(place.prefix { $0 != "/" })
                return .init(host: host.isEmpty ? nil : host, pattern: try #require(PathPattern(String(place.dropFirst(host.count)))), route: place)
            })
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

    @Test(
        "A beginning of a path is longer than the path that it begins in, and shorter than what is below it",
        arguments: [
            ("/chat", "/chat*"), ("/chatter", "/chat*"), ("/chat.js", "/chat*"), ("/chat/7", "/chat/*"), ("/cha", "/*"),
            ("/chatterbox", "/chatterbox"),
        ])
    func beginnings(_ path: String, _ expected: String) throws {
        #expect(try table("/*", "/chat*", "/chat/*", "/chatterbox").route(for: path) == expected)
        #expect(try table("/chatterbox", "/chat/*", "/chat*", "/*").route(for: path) == expected)
    }

    @Test("A path that nothing fits has no route")
    func none() throws {
        #expect(try table("/chat", "/news/*").route(for: "/") == nil)
        #expect(try table("/chat", "/news/*").route(for: "/news") == nil)
        #expect(try table().route(for: "/") == nil)
        #expect(try table("/*").route(for: "") == nil)
    }

    // MARK: Hosts

    @Test(
        "A host's own route goes before those of any host, however well these fit; where it has none for the path, they count",
        arguments: [
            ("a.test", "/chat", "a.test/*"), ("a.test", "/", "a.test/*"), ("b.test", "/chat/7", "b.test/chat/*"), ("b.test", "/chat", "/chat"),
            ("b.test", "/", "/*"), ("c.test", "/chat", "/chat"), ("c.test", "/chat/7", "/*"), (nil, "/chat", "/chat"), (nil, "/chat/7", "/*"),
        ] as [(String?, String, String)])
    func hosts(_ authority: String?, _ path: String, _ expected: String) throws {
        #expect(try hostTable("/*", "/chat", "a.test/*", "b.test/chat/*").route(for: path, at: authority) == expected)
        #expect(try hostTable("b.test/chat/*", "a.test/*", "/chat", "/*").route(for: path, at: authority) == expected)
    }

    @Test("Among a host's own routes the path decides as ever")
    func pathsOfAHost() throws {
        let table = try hostTable("a.test/*", "a.test/chat/*", "a.test/chat", "b.test/chat/news/*")
        #expect(table.route(for: "/chat", at: "a.test") == "a.test/chat")
        #expect(table.route(for: "/chat/news/7", at: "a.test") == "a.test/chat/*")
        #expect(table.route(for: "/news", at: "a.test") == "a.test/*")
    }

    @Test(
        "A host is asked for with or without a port, in any case",
        arguments: ["a.test", "a.test:80", "a.test:8443", "A.Test", "A.TEST:1"])
    func authorities(_ authority: String) throws {
        #expect(try hostTable("/*", "a.test/*").route(for: "/chat", at: authority) == "a.test/*")
    }

    @Test(
        "What is no host, or another one, leads to the routes of any host alone",
        arguments: ["", "a.test.", "xa.test", "a.testx", "www.a.test", "a.test:port", "a.test:", "a.test/", "user@a.test", "[::1]", "[a.test]:80"])
    func otherAuthorities(_ authority: String) throws {
        #expect(try hostTable("/*", "a.test/*").route(for: "/chat", at: authority) == "/*")
        #expect(try hostTable("a.test/*").route(for: "/chat", at: authority) == nil)
    }

    @Test("Where only hosts have routes, a client that names none has none")
    func noAuthority() throws {
        #expect(try hostTable("a.test/*").route(for: "/chat") == nil)
        #expect(try hostTable("a.test/chat/*").route(for: "/news", at: "a.test") == nil)
    }
}
