// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct ControlAnswerTests {
    private static func written(_ answer: ControlAnswer) -> String {
        var buffer = ByteBuffer()
        answer.write(into: &buffer, rest: ControlAnswer.endOfHead(date: "D"))
        return String(buffer: buffer)
    }

    @Test(arguments: [0, 1, 99, 100, 12_345], [nil, 1, 3] as [Int?])
    func publication(_ delivered: Int, _ nodes: Int?) {
        let body = "{\"delivered\":\(delivered)\(nodes.map { ",\"nodes\":\($0)" } ?? "")}"
        #expect(
            Self.written(ChannelRoutes.answer(.done(delivered: delivered), nodes: nodes))
                == "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nDate: D\r\nServer: holdfast\r\n\r\n\(body)"
        )
    }

    @Test func repetition() {
        #expect(Self.written(ChannelRoutes.answer(.duplicate, nodes: 3)).hasSuffix("\r\n\r\n{\"delivered\":0,\"duplicate\":true}"))
    }

    @Test func message() throws {
        let id = try #require(ConnectionID("n1.0.AAAAB3v9mQx0a2bJ4cdEfQ"))
        #expect(
            Self.written(ConnectionRoutes.answer(.done(delivered: 1), on: id))
                == "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nDate: D\r\nServer: holdfast\r\n\r\n")
        #expect(
            Self.written(ConnectionRoutes.answer(.full, on: id)).hasPrefix(
                "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\n"))
    }

    @Test func reply() {
        let reply = ControlReply(status: 405, contentType: "text/plain", headers: [.init(name: "allow", value: "POST")], body: "no\n")
        #expect(
            Self.written(DialectRoutes.answer(reply))
                == "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nallow: POST\r\nContent-Length: 3\r\nDate: D\r\nServer: holdfast\r\n\r\nno\n"
        )
    }
}
