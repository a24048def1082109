// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct HTTPResponseHeadTests {
    private let head = HTTPResponseHead(
        status: 200, fields: .amid("Content-Type: text/plain\r\nSET-COOKIE:a=1:2\r\nset-cookie: \t b=2 \t\r\nEmpty:\r\nBlank:  \t \r\nX: é\r\n"))

    @Test("A field is found by its name in lower case, however the app wrote it")
    func first() {
        #expect(head.first("content-type") == "text/plain")
        #expect(head.first("x") == "é")
        #expect(head.first("Content-Type") == nil)
        #expect(head.first("content") == nil)
        #expect(head.first("content-type-x") == nil)
        #expect(head.first("") == nil)
    }

    @Test("Of a repeated field the first counts, and its value may hold colons")
    func repeated() { #expect(head.first("set-cookie") == "a=1:2") }

    @Test("An empty value is a value", arguments: ["empty", "blank"] as [StaticString])
    func empty(_ name: StaticString) { #expect(head.first(name) == "") }

    @Test("All fields come in order, without the white space around their values")
    func order() {
        var lines: [String] = []
        head.forEach { lines.append("\($0)=\($1)") }
        #expect(lines == ["content-type=text/plain", "set-cookie=a=1:2", "set-cookie=b=2", "empty=", "blank=", "x=é"])
    }

    @Test("All fields come as bytes too, in the case in which they were written")
    func bytes() {
        var lines: [String] = []
        head.forEachField { lines.append("\(String(decoding: $0, as: UTF8.self))=\(String(decoding: $1, as: UTF8.self))") }
        #expect(lines.map { $0.lowercased() } == ["content-type=text/plain", "set-cookie=a=1:2", "set-cookie=b=2", "empty=", "blank=", "x=é"])
        #expect(lines.first?.hasPrefix("content-type") == false)
    }

    @Test("Names are compared in any case, and beginnings of names")
    func names() {
        func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool { Array(text.utf8).withUnsafeBytes(body) }
        #expect(bytes("SET-Meta-X") { $0.startsIgnoringCase("set-meta-") })
        #expect(bytes("set-meta-") { $0.startsIgnoringCase("set-meta-") })
        #expect(!bytes("set-meta") { $0.startsIgnoringCase("set-meta-") })
        #expect(!bytes("set-metb-x") { $0.startsIgnoringCase("set-meta-") })
        #expect(bytes("ETag") { $0.equalsIgnoringCase("etag") })
        #expect(!bytes("ETags") { $0.equalsIgnoringCase("etag") })
    }

    @Test("Bytes that are not UTF-8 are replaced, not trusted")
    func notUTF8() {
        let head = HTTPResponseHead(status: 200, fields: .amid(Array("X: a".utf8) + [0xFF] + Array("b\r\n".utf8)))
        #expect(head.first("x") == "a\u{FFFD}b")
    }

    @Test("A head without fields has none")
    func none() {
        let head = HTTPResponseHead(status: 204, fields: ByteBuffer())
        #expect(head.first("x") == nil)
        head.forEach { name, _ in Issue.record("there is a field \(name)") }
    }
}
