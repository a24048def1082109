// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct DialURLTests {
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    @Test(
        "A URL is scheme, host, port, path and query",
        arguments: [
            ("ws://example.com", false, "example.com", 80, "/", "example.com"), ("wss://example.com", true, "example.com", 443, "/", "example.com"),
            ("WSS://Example.com:443/a", true, "Example.com", 443, "/a", "Example.com"),
            ("ws://example.com:8080/a/b?x=1&y=/", false, "example.com", 8080, "/a/b?x=1&y=/", "example.com:8080"),
            ("ws://example.com?x", false, "example.com", 80, "/?x", "example.com"),
            ("wss://[2001:db8::1]:9/", true, "2001:db8::1", 9, "/", "[2001:db8::1]:9"), ("ws://[::1]", false, "::1", 80, "/", "[::1]"),
            ("wss://10.0.0.1:80/%0d%0a", true, "10.0.0.1", 80, "/%0d%0a", "10.0.0.1:80"),
        ])
    func good(_ text: String, _ isTLS: Bool, _ host: String, _ port: Int, _ target: String, _ authority: String) throws {
        let url = try #require(DialURL(text))
        #expect(url.isTLS == isTLS && url.host == host && url.port == port && url.target == target && url.authority == authority)
        #expect(url.target == url.path + (url.target.contains("?") ? "?" + url.query : ""))
        #expect(url.description == text)
    }

    @Test(
        "All else is none",
        arguments: [
            "", "example.com", "//example.com/", "http://example.com/", "https://example.com/", "ftp://example.com/", "file:///etc/passwd", "ws:/x",
            "ws://", "ws:///path", "ws://:80/", "ws://?x", "ws://user@example.com/", "ws://user:pass@example.com/", "ws://a@b@example.com/",
            "ws://example.com\\@127.0.0.1/", "ws://example.com/#fragment", "ws://example.com:65536/", "ws://example.com:-1/", "ws://example.com:+1/",
            "ws://example.com:x/", "ws://example.com:/", "ws://::1/", "ws://[::1/", "ws://[::1]x/", "ws://exa mple.com/", "ws://example.com/a b",
            "ws://example.com/\r\nx: y", "ws://exa\r\nmple.com/", "ws://example.com/\n", "ws://example.com\0.evil.net/", "ws://example.com/\t",
            "ws://exämple.com/", "ws://example.com/ä", " ws://example.com/", "ws://example.com/\u{2028}", "ws\r\n://example.com/",
            "ws ://example.com/",
            "wsws://example.com/", "ws://example.com/\u{7F}", "ｗｓ://example.com/",
        ])
    func bad(_ text: String) { #expect(DialURL(text) == nil) }

    @Test("Whatever passes for a URL makes a request of the handshake's own lines, and is judged by the guard", arguments: 0..<300 as Range<UInt64>)
    func anything(_ seed: UInt64) {
        var random = QuickRandom(seed: seed)
        let pieces = [
            "ws://", "wss://", "a", "example.com", "127.0.0.1", "[::1]", "[", "]", ":", "80", "/", "?", "#", "@", "\\", "\r\n", "\n", "\0", " ",
            "%0d%0a",
            "é", ".", "..", "localhost", "0x7f.1", "&", "\"", "<", "{", "\u{7F}",
        ]
        for _ in 0..<100 {
            var text = random.oneIn(8) ? "" : "ws://"
            for _ in 0..<Int.random(in: 1...6, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
            guard let url = DialURL(text) else { continue }
            #expect(!url.host.isEmpty && (0...65_535).contains(url.port))
            // Some hosts that nobody could look up are refused here.
            if let request = try? ClientHandshake.request(target: url.target, authority: url.authority, key: Self.key) {
                let lines = String(buffer: request).split(separator: "\r\n", omittingEmptySubsequences: false)
                #expect(lines.count == 8)
                #expect(lines[0] == "GET \(url.target) HTTP/1.1" && lines[1] == "Host: \(url.authority)")
                #expect(lines[0].split(separator: " ").count == 3)
            }
            let plain = url.host.lowercased()
            if plain.hasPrefix("127.") || plain == "localhost" || plain == "::1" || plain.hasPrefix("0x7f") {
                let verdict = AddressGuard(settings: DialSettings()).judge(host: url.host)
                if IPAddress(url.host) != nil || plain == "localhost" { #expect(verdict != .allowed, "\(text)") }
            }
        }
    }
}
