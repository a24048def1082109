// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// A response in plain values, so that the answers of two readers can be compared.
struct PlainResponse: Equatable, CustomStringConvertible, Sendable {
    struct Field: Equatable, Sendable {
        var name: String
        var value: String
    }

    var status: Int
    var fields: [Field]
    var body: [UInt8]
    var keepsAlive: Bool

    var description: String {
        let head = fields.map { "\($0.name): \(printable($0.value.utf8))" }.joined(separator: ", ")
        return "\(status) [\(head)] \(body.count) bytes \"\(printable(body.prefix(60)))\"\(keepsAlive ? "" : " close")"
    }
}

extension PlainResponse {
    init(_ response: HTTPResponseMessage) {
        self.init(status: response.head.status, fields: [], body: response.body.bytes, keepsAlive: response.keepsAlive)
        response.head.forEach { fields.append(Field(name: $0, value: $1)) }
    }

    private init(_ head: NIOHTTP1.HTTPResponseHead) {
        let fields = head.headers.map { Field(name: $0.name.lowercased(), value: Self.trim($0.value)) }
        self.init(status: Int(head.status.code), fields: fields, body: [], keepsAlive: head.isKeepAlive)
    }

    private static func trim(_ value: String) -> String {
        var value = value[...]
        while let last = value.unicodeScalars.last, last == " " || last == "\t" { value.unicodeScalars.removeLast() }
        return String(value.unicodeScalars.drop { $0 == " " || $0 == "\t" })
    }

    /// What llhttp, by way of SwiftNIO's decoder, makes of the bytes of a connection that carried `count` requests, and of its end.
    static func byLlhttp(_ bytes: ArraySlice<UInt8>, requests count: Int) -> Result<[PlainResponse], any Error> {
        let channel = EmbeddedChannel()
        var responses: [PlainResponse] = []
        do {
            try channel.pipeline.syncOperations.addHandlers(HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()))
            for _ in 0..<count {
                let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["host": "app", "content-length": "0"])
                try channel.writeOutbound(HTTPClientRequestPart.head(head))
                try channel.writeOutbound(HTTPClientRequestPart.end(nil))
            }
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            _ = try channel.finish()
            var isOpen = false
            while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
                switch part {
                case .head(let head):
                    responses.append(PlainResponse(head))
                    isOpen = true
                case .body(let body): responses[responses.count - 1].body += body.readableBytesView
                case .end: isOpen = false
                }
            }
            return isOpen ? .failure(ChannelError.eof) : .success(responses)
        } catch {
            _ = try? channel.finish(acceptAlreadyClosed: true)
            return .failure(error)
        }
    }
}
