// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ProxyChoiceTests {
    private static func proxy(_ url: String, _ environment: [String: String]) throws -> DialProxy? {
        try ProxyChoice(environment: environment).proxy(for: try #require(DialURL(url)))
    }

    private static let all = [
        "http_proxy": "http://a:1", "HTTP_PROXY": "http://b:2", "https_proxy": "http://c:3", "HTTPS_PROXY": "http://d:4", "all_proxy": "http://e:5",
        "ALL_PROXY": "http://f:6",
    ]

    @Test(
        "The variable that counts is the first that is set",
        arguments: [
            ("ws", [], 1), ("ws", ["http_proxy"], 5), ("ws", ["http_proxy", "all_proxy"], 6), ("ws", ["http_proxy", "all_proxy", "ALL_PROXY"], nil),
            ("wss", [], 3), ("wss", ["https_proxy"], 4), ("wss", ["https_proxy", "HTTPS_PROXY"], 5),
            ("wss", ["https_proxy", "HTTPS_PROXY", "all_proxy"], 6), ("wss", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"], nil),
        ] as [(String, [String], Int?)])
    func order(_ scheme: String, _ missing: [String], _ port: Int?) throws {
        let unset = Self.all.filter { !missing.contains($0.key) }
        #expect(try Self.proxy("\(scheme)://example.com/", unset)?.port == port)
        let empty = Self.all.merging(missing.map { ($0, "") }) { $1 }
        #expect(try Self.proxy("\(scheme)://example.com/", empty)?.port == port)
    }

    @Test("HTTP_PROXY, which a client of a CGI program can set, is never read")
    func notHTTPProxy() throws {
        #expect(try Self.proxy("ws://example.com/", ["HTTP_PROXY": "http://evil:1"]) == nil)
        #expect(try Self.proxy("wss://example.com/", ["HTTP_PROXY": "http://evil:1", "http_proxy": "http://evil:1"]) == nil)
    }

    @Test(
        "A proxy is a host and a port, with or without a user",
        arguments: [
            ("http://proxy.example:3128", DialProxy(host: "proxy.example", port: 3128)),
            ("HTTP://proxy.example:3128/", DialProxy(host: "proxy.example", port: 3128)),
            ("proxy.example:3128", DialProxy(host: "proxy.example", port: 3128)),
            ("http://proxy.example", DialProxy(host: "proxy.example", port: 80)),
            ("http://[::1]:3128", DialProxy(host: "::1", port: 3128)),
            ("http://user:pass@proxy:1", DialProxy(host: "proxy", port: 1, authorization: "Basic dXNlcjpwYXNz")),
            ("user:pass@proxy:1", DialProxy(host: "proxy", port: 1, authorization: "Basic dXNlcjpwYXNz")),
            ("http://user@proxy:1", DialProxy(host: "proxy", port: 1, authorization: "Basic dXNlcjo=")),
            ("http://us%40er:p%3Ass%25@proxy:1", DialProxy(host: "proxy", port: 1, authorization: "Basic dXNAZXI6cDpzcyU=")),
            ("http://user:p@ss@proxy:1", DialProxy(host: "proxy", port: 1, authorization: "Basic dXNlcjpwQHNz")),
            ("http://user:%C3%A9@proxy:1", DialProxy(host: "proxy", port: 1, authorization: "Basic dXNlcjrDqQ==")),
        ])
    func forms(_ text: String, _ expected: DialProxy) throws {
        #expect(try Self.proxy("wss://example.com/", ["https_proxy": text]) == expected)
        #expect(try Self.proxy("ws://example.com/", ["http_proxy": text]) == expected)
    }

    @Test(
        "A proxy that cannot be used is an error that names the variable, never its value",
        arguments: [
            ("https://user:secret@proxy:1", "names a proxy that is reached by https: expected http://host:port"),
            ("socks5://user:secret@proxy:1", "names a proxy that is reached by socks5: expected http://host:port"),
            ("SOCKS5H://proxy:1", "names a proxy that is reached by socks5h: expected http://host:port"),
            ("secret://proxy:1", "is not the URL of a proxy: expected http://host:port"),
            ("http://", "is not the URL of a proxy: expected http://host:port"),
            ("http://:3128", "is not the URL of a proxy: expected http://host:port"),
            ("http://proxy:secret", "is not the URL of a proxy: expected http://host:port"),
            ("http://proxy:0", "is not the URL of a proxy: expected http://host:port"),
            ("http://proxy:65536", "is not the URL of a proxy: expected http://host:port"),
            ("http://pro xy:1", "is not the URL of a proxy: expected http://host:port"),
            ("http://pro\nxy:1", "is not the URL of a proxy: expected http://host:port"),
            ("http://::1:3128", "is not the URL of a proxy: expected http://host:port"),
            (
                "http://user:%secret@proxy:1",
                "has a user or password that cannot be read: expected http://user:password@host:port, percent-encoded"
            ),
            (
                "http://user:sec%0D%0Aret@proxy:1",
                "has a user or password that cannot be read: expected http://user:password@host:port, percent-encoded"
            ),
            (
                "http://user:%+1@proxy:1",
                "has a user or password that cannot be read: expected http://user:password@host:port, percent-encoded"
            ),
            (
                "http://user:%4",
                "is not the URL of a proxy: expected http://host:port"
            ),
        ])
    func unusable(_ text: String, _ sentence: String) throws {
        for variable in ["https_proxy", "all_proxy"] {
            let error = try #require(throws: ProxyError.self) { try Self.proxy("wss://example.com/", [variable: text]) }
            #expect("\(error)" == "\(variable) \(sentence)")
            #expect(!error.description.contains("secret"))
            #expect(try Self.proxy("ws://localhost/", [variable: text]) == nil, "what is dialled directly does not care")
        }
    }

    @Test(
        "What is on this machine is dialled directly, whatever is set",
        arguments: ["localhost", "LOCALHOST", "localhost.", "app.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[0:0:0:0:0:0:0:1]"])
    func loopback(_ host: String) throws {
        #expect(try Self.proxy("ws://\(host):8080/", Self.all) == nil)
        #expect(try Self.proxy("wss://\(host)/", Self.all) == nil)
    }

    @Test("What only looks like this machine is not", arguments: ["localhost.example", "notlocalhost", "128.0.0.1", "[::2]", "127.0.0.1.example"])
    func notLoopback(_ host: String) throws { #expect(try Self.proxy("ws://\(host)/", Self.all) != nil) }

    @Test(
        "no_proxy lists names with all below them, addresses, networks, and ports",
        arguments: [
            ("example.com", "example.com", true), ("example.com", "a.example.com", true), ("example.com", "A.EXAMPLE.com.", true),
            ("example.com", "notexample.com", false), ("example.com", "example.com.net", false), (".example.com", "a.example.com", true),
            (".example.com", "example.com", true), ("*.example.com", "a.example.com", true), ("EXAMPLE.COM.", "example.com", true),
            ("*", "anything.example", true), ("*", "8.8.8.8", true), ("other, example.com", "example.com", true),
            ("other example.com", "example.com", true), (",,example.com,", "example.com", true), ("", "example.com", false),
            ("example.com:8080", "example.com:8080", true), ("example.com:8080", "example.com", false), ("example.com:80", "example.com", true),
            ("10.0.0.1", "10.0.0.1", true), ("10.0.0.1", "10.0.0.2", false), ("10.0.0.0/8", "10.200.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "10.example", false), ("10.0.0.1:80", "10.0.0.1", true), ("10.0.0.1:81", "10.0.0.1", false),
            ("2001:db8::/32", "[2001:db8:1::1]", true), ("2001:db8::/32", "[2001:db9::1]", false), ("2001:db8::1", "[2001:DB8:0::1]", true),
            ("[2001:db8::1]", "[2001:db8::1]", true), ("[2001:db8::1]:80", "[2001:db8::1]", true), ("[2001:db8::1]:81", "[2001:db8::1]", false),
            ("[2001:db8::]/32", "[2001:db8::9]", true), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "example.com", false),
            ("10.0.0.0/33", "10.0.0.1", false), ("10.0.0.0/x", "10.0.0.1", false), ("example.com/8", "example.com", false),
            ("example.com:x", "example.com", false), (".", "example.com", false), ("*.", "example.com", false), (":80", "example.com", false),
        ])
    func exceptions(_ list: String, _ host: String, _ isDirect: Bool) throws {
        for variable in ["no_proxy", "NO_PROXY"] {
            let environment = Self.all.merging([variable: list]) { $1 }
            #expect((try Self.proxy("ws://\(host)/", environment) == nil) == isDirect, "\(variable)")
        }
    }

    @Test("no_proxy counts before NO_PROXY")
    func noProxyOrder() throws {
        let environment = Self.all.merging(["no_proxy": "a.example", "NO_PROXY": "b.example"]) { $1 }
        #expect(try Self.proxy("ws://a.example/", environment) == nil)
        #expect(try Self.proxy("ws://b.example/", environment) != nil)
    }

    @Test("Without variables nothing goes through a proxy")
    func none() throws { #expect(try Self.proxy("wss://example.com/", ["PATH": "/bin"]) == nil) }
}
