// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct WebSocketEventWriterTests {
    private func written(_ kind: WebSocketEvent.Kind, _ content: ByteBuffer?) -> String {
        var buffer = ByteBuffer(string: "before,")
        WebSocketEventWriter.write(kind, content, into: &buffer)
        return String(buffer: buffer)
    }

    @Test(
        "An event is its type, its length in lower-case hex, and its content",
        arguments: [
            (.open, nil, "OPEN\r\n"), (.text, nil, "TEXT\r\n"), (.text, "", "TEXT 0\r\n\r\n"), (.text, "hello", "TEXT 5\r\nhello\r\n"),
            (.text, "hello world", "TEXT b\r\nhello world\r\n"), (.binary, "hello, 16 bytes!", "BINARY 10\r\nhello, 16 bytes!\r\n"),
            (.ping, nil, "PING\r\n"), (.pong, "x", "PONG 1\r\nx\r\n"), (.close, nil, "CLOSE\r\n"), (.disconnect, nil, "DISCONNECT\r\n"),
            (.text, "é", "TEXT 2\r\né\r\n"),
        ] as [(WebSocketEvent.Kind, String?, String)])
    func event(_ kind: WebSocketEvent.Kind, _ content: String?, _ expected: String) {
        #expect(written(kind, content.map { .amid($0) }) == "before," + expected)
    }

    @Test(
        "Lengths are as Swift writes them, at every change of digits",
        arguments: [0, 1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 65535, 65536, 0xABCDE])
    func lengths(_ count: Int) throws {
        let content = ByteBuffer(repeating: 0x61, count: count)
        let text = written(.binary, content)
        #expect(text.hasPrefix("before,BINARY \(String(count, radix: 16))\r\na") || count == 0)
        #expect(text.utf8.count == 7 + 7 + String(count, radix: 16).utf8.count + 2 + count + 2)
    }

    @Test("What is written is read again", arguments: 0..<50)
    func roundTrip(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var body = ByteBuffer()
        var sent: [WebSocketEvent] = []
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let kind = WebSocketEvent.Kind.allCases.randomElement(using: &random) ?? .text
            var content: ByteBuffer?
            if kind.hasContent, !random.oneIn(4) {
                let bytes = (0..<Int.random(in: 0...100, using: &random)).map { _ in
                    UInt8.random(in: kind == .binary ? 0...255 : 0...127, using: &random)
                }
                content = .amid(bytes)
            }
            sent.append(WebSocketEvent(kind, content: content))
            WebSocketEventWriter.write(WebSocketEvent(kind, content: content), into: &body)
        }
        let read = try WebSocketEventReader.read(.amid(body.bytes))
        #expect(read.map(\.kind) == sent.map(\.kind))
        #expect(read.map { $0.content?.bytes } == sent.map { $0.content?.bytes })
        // Contents are what was sent, and not a slice of something else.
        #expect(read == sent)
    }
}
