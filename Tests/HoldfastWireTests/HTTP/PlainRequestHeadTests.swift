// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@Suite struct PlainRequestHeadTests {
    private static let sample =
        "POST /v1/a%20b?id=7&x HTTP/1.1\r\nHost: localhost:7001\r\nContent-Type:text/plain; charset=utf-8\r\nAUTHORIZATION:   Bearer key\r\n"
        + "accept: */*\r\nconnection: Keep-Alive\r\nX-Empty:\r\ncontent-length: 12\r\n\r\n"

    private static func read(_ text: String) -> PlainRequestHead.Reading { Array(text.utf8).withUnsafeBytes(PlainRequestHead.read) }

    private static func request(_ lines: String...) -> String { (lines + ["", ""]).joined(separator: "\r\n") }

    @Test func allParts() throws {
        let bytes = Array((Self.sample + "hello, world").utf8)
        try bytes.withUnsafeBytes { bytes in
            guard case .head(let head) = PlainRequestHead.read(bytes) else { throw Missing() }
            func text(_ place: PlainRequestHead.Place?) -> String? { place.map { String(decoding: $0.bytes(in: bytes), as: UTF8.self) } }
            #expect(head.method == .post)
            #expect(text(head.path) == "/v1/a%20b")
            #expect(text(head.query) == "id=7&x")
            #expect(text(head.host) == "localhost:7001")
            #expect(text(head.contentType) == "text/plain; charset=utf-8")
            #expect(text(head.authorization) == "Bearer key")
            #expect(text(head.accept) == "*/*")
            #expect(!head.hasOrigin)
            #expect(head.contentLength == 12)
            #expect(head.count == Self.sample.utf8.count)
        }
    }

    private struct Missing: Error {}

    @Test("A head that is not whole yet is awaited, wherever it is cut")
    func cuts() {
        let bytes = Array(Self.sample.utf8)
        for count in 0..<bytes.count {
            #expect(bytes[..<count].withUnsafeBytes { PlainRequestHead.read($0) } == .incomplete, "\(count)")
        }
        #expect(Self.read(Self.sample) != .incomplete)
    }

    @Test(
        arguments: [("GET", .get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("OPTIONS", .options), ("PATCH", .patch)]
            as [(String, PlainRequestHead.Method)])
    func methods(_ text: String, _ method: PlainRequestHead.Method) throws {
        guard case .head(let head) = Self.read(Self.request("\(text) / HTTP/1.1", "host: a")) else { throw Missing() }
        #expect(head.method == method)
        #expect(head.query == nil && head.contentLength == 0)
    }

    @Test(arguments: [
        "CONNECT a:1 HTTP/1.1", "get / HTTP/1.1", "POSTS / HTTP/1.1", "GET  / HTTP/1.1", "GET * HTTP/1.1", "GET http://a/ HTTP/1.1",
        "GET /#a HTTP/1.1",
        "GET /ä HTTP/1.1", "GET /\u{1} HTTP/1.1", "GET /\u{7F} HTTP/1.1", "GET / HTTP/1.0", "GET / HTTP/1.12", "GET / HTTP/2", "GET /", "",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ", "GARBAGE",
    ])
    func otherRequestLines(_ line: String) { #expect(Self.read(Self.request(line, "host: a")) == .other) }

    @Test(arguments: [
        "transfer-encoding: chunked", "Transfer-Encoding:", "expect: 100-continue", "upgrade: h2c", "connection: close", "connection: keep-alive, x",
        "connection:", "proxy-connection: keep-alive", "content-length: 1\r\ncontent-length: 1", "content-length:", "content-length: +1",
        "content-length: 1,1", "content-length: 0x1", "content-length: 1234567890123456", "content-length: -1", "content-length: 1\t",
        "host: b", "accept: a\r\naccept: b", "authorization: a\r\nAuthorization: b", "content-type: a\r\ncontent-type: a", "x : y", "x y: z", ": y",
        "x",
        " x: y", "x: y\n z: a", "x: ä", "x: \u{1}", "x: \u{7F}", "x: a\tb", "x: a\rb", "x: a\n", "x: a ", "content-length: 1 ",
    ])
    func otherFields(_ lines: String) { #expect(Self.read(Self.request("POST / HTTP/1.1", "host: a", lines)) == .other) }

    @Test func fieldsThatDoNotMatter() {
        let fields = ["user-agent: a (b; c) \"d\"", "Keep-Alive: timeout=5", "te: trailers", "x-a:b", "x-a: c", "cookie: a=b; c=d"]
        for field in fields {
            guard case .head = Self.read(Self.request("POST / HTTP/1.1", "host: a", field)) else {
                Issue.record("\(field) is refused")
                continue
            }
        }
    }

    @Test func originIsSeen() throws {
        guard case .head(let head) = Self.read(Self.request("POST / HTTP/1.1", "host: a", "Origin: http://b")) else { throw Missing() }
        #expect(head.hasOrigin)
    }

    @Test("A head beyond the limit is left to others, also before its end is there")
    func limit() {
        let space = PlainRequestHead.maxBytes - Self.request("GET / HTTP/1.1", "x: ").utf8.count
        let longest = Self.request("GET / HTTP/1.1", "x: " + String(repeating: "a", count: space))
        guard case .head(let head) = Self.read(longest) else {
            Issue.record("the longest head is refused")
            return
        }
        #expect(head.count == PlainRequestHead.maxBytes)
        #expect(Self.read(Self.request("GET / HTTP/1.1", "x: " + String(repeating: "a", count: space + 1))) == .other)
        #expect(Self.read("GET / HTTP/1.1\r\nx: " + String(repeating: "a", count: PlainRequestHead.maxBytes)) == .other)
    }

    @Test("Whatever it takes for a head, llhttp takes for the same head")
    func agreesWithTheParser() throws {
        var random = SplitMix64(seed: 42)
        let pieces = [
            "POST ", "GET ", "/", "/a", "?b", " HTTP/1.1", " HTTP/1.0", "\r\n", "\n", "\r", "host: a", "Host:b", "content-length: 3",
            "content-length:0",
            "Content-Length: 3 ", "x: y", "x:", ":", " ", "\t", "connection: keep-alive", "connection: close", "origin: o", "#", "%20", "\u{0}", "ä",
            "\"", "(",
        ]
        var taken = 0
        for round in 0..<40_000 {
            // A good head, with some pieces put in.
            var parts = ["POST ", "/a?b", " HTTP/1.1", "\r\n", "host: a", "\r\n", "content-length: 3", "\r\n", "x: y z", "\r\n", "\r\n"]
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                parts.insert(pieces.randomElement(using: &random) ?? "", at: Int.random(in: 0...parts.count, using: &random))
                if Bool.random(using: &random) { parts.remove(at: Int.random(in: 0..<parts.count, using: &random)) }
            }
            let text = parts.joined()
            guard case .head(let head) = Self.read(text) else { continue }
            taken += 1
            let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
            let body = String(repeating: "b", count: head.contentLength)
            do {
                try channel.writeInbound(ByteBuffer(bytes: Array(text.utf8)[..<head.count] + Array(body.utf8)))
                guard case .head(let parsed)? = try channel.readInbound(as: HTTPServerRequestPart.self) else { throw Missing() }
                #expect(parsed.method.rawValue.lowercased() == "\(head.method)", "\(round): \(text.debugDescription)")
                #expect(parsed.headers["content-length"].first.flatMap(Int.init) ?? 0 == head.contentLength, "\(round): \(text.debugDescription)")
                #expect(parsed.headers.contains(name: "origin") == head.hasOrigin, "\(round): \(text.debugDescription)")
                #expect(parsed.headers["x"].filter { $0.hasSuffix(" ") }.isEmpty, "\(round): \(text.debugDescription)")
                #expect(parsed.isKeepAlive, "\(round): \(text.debugDescription)")
                var last = HTTPServerRequestPart.head(parsed)
                while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { last = part }
                #expect(last == .end(nil), "\(round): \(text.debugDescription)")
            } catch {
                Issue.record("\(round): \(error): \(text.debugDescription)")
            }
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }
        #expect(taken > 5000)
    }
}
