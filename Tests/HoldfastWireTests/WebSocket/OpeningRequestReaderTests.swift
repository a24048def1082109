// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

struct OpeningRequestReaderTests {
    private static let plain =
        "GET /chat/1?room=a%20b HTTP/1.1\r\nHost: example.org:8080\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version:13\r\nX-Empty:\r\nX-Very-Long-Name-Of-A-Header:   a  b \"c\"\r\n\r\n"

    private static func read(_ text: String) -> OpeningRequestReader.Outcome { read(Array(text.utf8)) }

    private static func read(_ bytes: [UInt8]) -> OpeningRequestReader.Outcome {
        bytes.withUnsafeBytes { OpeningRequestReader.read($0) }
    }

    @Test("A plain head is read, its names in lower case")
    func plain() throws {
        guard case .whole(let head) = Self.read(Self.plain) else { throw Unread() }
        #expect(head.target == "/chat/1?room=a%20b")
        #expect(
            head.fields.map { "\($0.name): \($0.value)" } == [
                "host: example.org:8080", "upgrade: WebSocket", "connection: keep-alive, Upgrade", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
                "sec-websocket-version: 13", "x-empty: ", "x-very-long-name-of-a-header: a  b \"c\"",
            ])
    }

    @Test("All values of a header are found, in order")
    func values() throws {
        guard case .whole(let head) = Self.read("GET / HTTP/1.1\r\nA: 1\r\nb: 2\r\na: 3\r\n\r\n") else { throw Unread() }
        #expect(head.values("a") == ["1", "3"])
        #expect(head.values("b") == ["2"])
        #expect(head.values("c") == [])
    }

    @Test("Wherever it is cut, more is awaited")
    func partial() {
        let bytes = Array(Self.plain.utf8)
        for count in 0..<bytes.count { #expect(Self.read(Array(bytes[..<count])) == .partial, "\(count)") }
    }

    @Test(
        "What is not plain is left to a parser",
        arguments: [
            "POST / HTTP/1.1\r\n\r\n", "get / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\n\n", "GET / HTTP/1.1 \r\n\r\n", "\r\nGET / HTTP/1.1\r\n\r\n", "GET /a#b HTTP/1.1\r\n\r\n",
            "GET /ä HTTP/1.1\r\n\r\n", "GET /\"a HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA: 1\n\r\n", "GET / HTTP/1.1\r\nA : 1\r\n\r\n",
            "GET / HTTP/1.1\r\n A: 1\r\n\r\n", "GET / HTTP/1.1\r\nA: 1\r\n B\r\n\r\n", "GET / HTTP/1.1\r\n: 1\r\n\r\n", "GET / HTTP/1.1\r\nA\r\n\r\n",
            "GET / HTTP/1.1\r\nA: 1 \r\n\r\n", "GET / HTTP/1.1\r\nA:\t1\r\n\r\n", "GET / HTTP/1.1\r\nA: 1\t\r\n\r\n",
            "GET / HTTP/1.1\r\nA: ä\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \u{7F}\r\n\r\n", "GET / HTTP/1.1\r\nA: \0\r\n\r\n", "GET / HTTP/1.1\r\nA: 1\r\r\n\r\n",
            "GET / HTTP/1.1\r\nA(: 1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\nx", "GET / HTTP/1.1\r\n\r\n\r\n",
            "GET / HTTP/1.1\r\n" + String(repeating: "A: 1\r\n", count: 65) + "\r\n",
        ])
    func other(_ text: String) { #expect(Self.read(text) == .other) }

    @Test("What it reads, llhttp reads in the same way, whatever was changed")
    func differential() throws {
        var random = SplitMix64(seed: 6)
        let samples = [
            Self.plain, "GET / HTTP/1.1\r\n\r\n", "GET /?!$&'()*+,;=:@/~_-. HTTP/1.1\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n",
            "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: upgrade\r\nUpgrade: websocket\r\nProxy-Connection: close\r\n\r\n",
            "GET /x HTTP/1.1\r\nExpect: 100-continue\r\nTE: trailers\r\nConnection: te\r\n\r\n",
        ]
        let marks = Array(" \t\r\n:;,/?#%\"'()<>@[\\]^`{|}~\0\u{7F}-_.GETHP10aAzZ09\u{E9}".utf8)
        var whole = 0
        for round in 0..<6000 {
            var bytes = Array(samples[round % samples.count].utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = marks.randomElement(using: &random) ?? 0
                case 1: bytes.insert(marks.randomElement(using: &random) ?? 0, at: place)
                case 2: bytes.remove(at: place)
                default: bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard case .whole(let head) = Self.read(bytes) else { continue }
            whole += 1
            let parsed = try Self.parse(bytes)
            #expect(parsed.method == .GET && parsed.version == .http1_1 && parsed.uri == head.target, "\(String(decoding: bytes, as: UTF8.self))")
            #expect(parsed.headers.map { "\($0.name.lowercased()): \($0.value)" } == head.fields.map { "\($0.name): \($0.value)" })
        }
        #expect(whole > 1500)
    }

    /// The one request that these bytes are, as llhttp reads it.
    private static func parse(_ bytes: [UInt8]) throws -> HTTPRequestHead {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
        defer { _ = try? channel.finish() }
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        guard case .head(let head) = try channel.readInbound(as: HTTPServerRequestPart.self),
            case .end(nil) = try channel.readInbound(as: HTTPServerRequestPart.self)
        else { throw Unread() }
        return head
    }

    private struct Unread: Error {}
}
