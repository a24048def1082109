// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

struct HTTPRequestTemplateTests {
    private let template = HTTPRequestTemplate(
        method: "POST", target: "/hook?a=b%20c&d", fields: [("host", "app.example:8080"), ("User-Agent", "Holdfast"), ("accept", "*/*")])

    @Test("A request has exactly these bytes")
    func bytes() {
        let request = template.request(body: .amid("{}")) { fields in
            fields.add("x-event", "1")
            fields.add("X-Empty", "")
        }
        let expected =
            "POST /hook?a=b%20c&d HTTP/1.1\r\nhost: app.example:8080\r\nUser-Agent: Holdfast\r\naccept: */*\r\n"
            + "x-event: 1\r\nX-Empty: \r\ncontent-length: 2\r\n\r\n{}"
        #expect(String(buffer: request) == expected)
    }

    @Test("llhttp reads back what was written, whatever the body's size", arguments: [0, 1, 9, 10, 999, 70_000])
    func readBack(_ size: Int) throws {
        let body = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
        let requests = try Self.read(template.request(body: body) { $0.add("x-size", String(size)) })
        let request = try #require(requests.first)
        #expect(requests.count == 1)
        #expect(request.head.method == .POST)
        #expect(request.head.uri == "/hook?a=b%20c&d")
        #expect(request.head.version == .http1_1)
        #expect(request.head.isKeepAlive)
        #expect(
            request.head.headers.map { "\($0.name): \($0.value)" } == [
                "host: app.example:8080", "User-Agent: Holdfast", "accept: */*", "x-size: \(size)", "content-length: \(size)",
            ])
        #expect(request.body == body)
    }

    @Test("One template makes many requests, which do not mix")
    func reuse() throws {
        var stream = ByteBuffer()
        for index in 0..<5 {
            stream.writeImmutableBuffer(template.request(body: ByteBuffer(string: String(repeating: "x", count: index))) { $0.add("n", "\(index)") })
        }
        let requests = try Self.read(stream)
        #expect(requests.map { $0.head.headers["n"] } == (0..<5).map { ["\($0)"] })
        #expect(requests.map(\.body.readableBytes) == Array(0..<5))
    }

    @Test("The body's own buffer is left as it was")
    func bodyStays() {
        let body = ByteBuffer.amid("abc")
        let request = template.request(body: body) { _ in }
        #expect(String(buffer: body) == "abc")
        #expect(String(buffer: request).hasSuffix("\r\n\r\nabc"))
    }

    private static func read(_ bytes: ByteBuffer) throws -> [(head: HTTPRequestHead, body: ByteBuffer)] {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
        try channel.writeInbound(bytes)
        var requests: [(head: HTTPRequestHead, body: ByteBuffer)] = []
        var ends = 0
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head): requests.append((head, ByteBuffer()))
            case .body(let body): requests[requests.count - 1].body.writeImmutableBuffer(body)
            case .end: ends += 1
            }
        }
        #expect(ends == requests.count)
        _ = try channel.finish()
        return requests
    }
}
