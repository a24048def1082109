// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct HoldURITests {
    @Test(
        "References are resolved as in RFC 3986 §5.4",
        arguments: [
            ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"), ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q"), ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"), (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"),
            ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"), ("g?y/../x", "http://a/b/c/g?y/../x"), ("http://x", "http://x/"), ("HTTPS://X:443/y", "https://x/y"),
            ("https://x:8443?z", "https://x:8443/?z"), ("//[::1]:80/i", "http://[::1]/i"), ("a:b", nil), ("./a:b", "http://a/b/c/a:b"),
            ("é?ü", "http://a/b/c/%C3%A9?%C3%BC"), ("?", "http://a/b/c/d;p?"), ("//g//h", "http://g//h"), ("?a:b", "http://a/b/c/d;p?a:b"),
        ] as [(String, String?)])
    func resolving(_ reference: String, _ uri: String?) throws {
        let base = try #require(HoldURI(isTLS: false, authority: "a", target: "/b/c/d;p?q"))
        #expect(base.resolving(reference)?.description == uri)
        #expect(HoldURI.isReference(reference) == (uri != nil))
    }

    @Test(
        "What leads nowhere is refused",
        arguments: [
            "", " ", "a b", "a\n", "\u{7F}", "ftp://x/", "http:x", "http:/x", "//", "http://", "//u@h/", "//h:x/", "//h:0/", "//h:65536/", "//[::1/",
            "//[x]/", "//a<b/",
        ])
    func refused(_ reference: String) {
        #expect(HoldURI.sample().resolving(reference) == nil)
        #expect(!HoldURI.isReference(reference))
    }

    @Test("A request's own URI")
    func own() throws {
        let uri = try #require(HoldURI(isTLS: true, authority: "Example.COM:443", target: "/a/../b?c=?d"))
        #expect(uri.description == "https://example.com/a/../b?c=?d" && uri.authority == "example.com" && uri.target == "/a/../b?c=?d")
        #expect(HoldURI(isTLS: false, authority: "[2001:db8::1]:8080", target: "/")?.authority == "[2001:db8::1]:8080")
        #expect(HoldURI(isTLS: false, authority: "h:", target: "/")?.port == 80)
        #expect(HoldURI(isTLS: false, authority: "h", target: "*") == nil)
        #expect(HoldURI(isTLS: false, authority: "h", target: "") == nil)
        #expect(HoldURI(isTLS: false, authority: "", target: "/") == nil)
        #expect(HoldURI(isTLS: false, authority: "h/x", target: "/") == nil)
    }

    @Test("Services are the same where scheme, host and port are")
    func service() throws {
        let own = try #require(HoldURI(isTLS: false, authority: "h", target: "/a"))
        #expect(own.isSameService(as: try #require(own.resolving("http://H:80/other?x"))))
        for other in ["https://h/a", "http://h:81/a", "http://i/a"] { #expect(!own.isSameService(as: try #require(own.resolving(other)))) }
    }
}
