// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct TargetURLTests {
    struct Parts: Equatable {
        let isTLS: Bool
        let host: String
        let port: Int
        let path: String
        let query: String
        let authority: String
    }

    @Test(
        "A URL is taken apart",
        arguments: [
            ("http://localhost:3000/hook", Parts(isTLS: false, host: "localhost", port: 3000, path: "/hook", query: "", authority: "localhost:3000")),
            ("http://localhost", Parts(isTLS: false, host: "localhost", port: 80, path: "/", query: "", authority: "localhost")),
            ("http://localhost/", Parts(isTLS: false, host: "localhost", port: 80, path: "/", query: "", authority: "localhost")),
            ("https://example.com/a/b/", Parts(isTLS: true, host: "example.com", port: 443, path: "/a/b/", query: "", authority: "example.com")),
            ("https://example.com:443/", Parts(isTLS: true, host: "example.com", port: 443, path: "/", query: "", authority: "example.com")),
            ("https://example.com:80/", Parts(isTLS: true, host: "example.com", port: 80, path: "/", query: "", authority: "example.com:80")),
            ("HTTP://h:81?a=b&c=/d", Parts(isTLS: false, host: "h", port: 81, path: "/", query: "?a=b&c=/d", authority: "h:81")),
            ("http://h/p?x=1?y", Parts(isTLS: false, host: "h", port: 80, path: "/p", query: "?x=1?y", authority: "h")),
            ("http://[::1]:3000/hook", Parts(isTLS: false, host: "::1", port: 3000, path: "/hook", query: "", authority: "[::1]:3000")),
            ("http://[::1]/hook", Parts(isTLS: false, host: "::1", port: 80, path: "/hook", query: "", authority: "[::1]")),
            ("http://h/user@host:80", Parts(isTLS: false, host: "h", port: 80, path: "/user@host:80", query: "", authority: "h")),
        ])
    func parts(_ text: String, _ expected: Parts) throws {
        let url = try #require(TargetURL(text))
        let parts = Parts(isTLS: url.isTLS, host: url.host, port: url.port, path: url.path, query: url.query, authority: url.authority)
        #expect(parts == expected)
        #expect(url.description == text)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "localhost:3000", "//localhost", "http:/localhost", "http:localhost", "http://", "http:///hook", "http://:3000/", "ftp://localhost/",
            "ws://localhost/", "://localhost", "file:///etc/passwd", "http://localhost:3000:4000/", "http://localhost:port/", "http://localhost:/",
            "http://localhost:65536/", "http://[::1/", "http://::1/", "http://[localhost]/", "http://user@localhost/",
            "http://user:secret@localhost/",
            "http://user:secret@localhost:80/", "http://localhost/a b", "http://localhost/\n", "http://localhost/#top", "http://ex\u{e4}mple.com/",
            " http://localhost/", "http://localhost/\u{7F}",
        ])
    func refuses(_ text: String) {
        #expect(TargetURL(text) == nil)
    }

    @Test(
        "What a dialect adds to the path stands in front of the query",
        arguments: [
            ("http://h/hook", "", "/hook"), ("http://h/hook?k=1", "", "/hook?k=1"), ("http://h", "", "/"), ("http://h/hook/", "", "/hook/"),
            ("http://h/hook", "/7", "/hook/7"), ("http://h/hook/", "/7", "/hook/7"), ("http://h", "/7", "/7"),
            ("http://h/hook?k=1", "/7", "/hook/7?k=1"),
            ("http://h?k=1", "/7", "/7?k=1"),
        ])
    func requestTarget(_ text: String, _ suffix: String, _ expected: String) throws {
        #expect(try #require(TargetURL(text)).requestTarget(appending: suffix) == expected)
    }
}
