// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// What an app's server answers on a connection that several requests went out on.
///
/// Never a crash. Never another reading because the network cut the bytes elsewhere, nor one that llhttp, on the app's side of many proxies,
/// would not share. Never a body beyond its limit.
enum HTTPResponse {
    static let target = FuzzTarget(name: "HTTPResponse", maxLength: 1024) { input in
        var input = input
        let maxHeadBytes = input.choice([16 << 10, 16 << 10, 64, 20])
        let maxBodyBytes = input.choice([1 << 20, 1 << 20, 10, 0])
        let pieces = input.pieces()
        let bytes = Array(pieces.joined())
        let whole = Reading([bytes[...]], maxHeadBytes, maxBodyBytes, noise: "\r\n\r\nHTTP/1.1")
        let cut = Reading(pieces, maxHeadBytes, maxBodyBytes, noise: "\n0\r\n\r\n")
        claim(whole == cut, "whole \(whole), in pieces \(cut)")
        for response in whole.responses {
            claim(response.body.count <= maxBodyBytes, "a body of \(response.body.count) bytes, but \(maxBodyBytes) are the limit")
            claim((100...999).contains(response.status) && response.fields.allSatisfy(\.isSound), "\(response)")
        }
        guard !whole.responses.isEmpty else { return }
        let taken = whole.tookEnd ? bytes[...] : bytes[..<whole.taken]
        let theirs = byLlhttp(taken, requests: whole.responses.count)
        claim(whole.responses == theirs, "\(whole.responses), llhttp \(theirs.map { "\($0)" } ?? "refuses")")
    }

    private struct Field: Equatable {
        let name: String
        let value: String

        var isSound: Bool { HoldfastWire.Handshake.isToken(name) && name == name.lowercased() && isLine(value) }
    }

    private struct Response: Equatable {
        var status: Int
        var fields: [Field] = []
        var body: [UInt8] = []
    }

    private struct Reading: Equatable {
        var responses: [Response] = []
        var error: HTTPResponseError?
        /// How many bytes the responses took.
        var taken = 0
        /// Whether the last one ended with the connection.
        var tookEnd = false

        /// Feeds the pieces, then the connection's end; stops where a client would.
        init(_ pieces: [ArraySlice<UInt8>], _ maxHeadBytes: Int, _ maxBodyBytes: Int, noise: StaticString) {
            var reader = HTTPResponseReader(maxHeadBytes: maxHeadBytes, maxBodyBytes: maxBodyBytes)
            do throws(HTTPResponseError) {
                var before = 0
                for piece in pieces {
                    var buffer = ByteBuffer.amid(piece, noise: noise)
                    while let response = try reader.next(from: &buffer) {
                        add(response)
                        taken = before + piece.count - buffer.readableBytes
                        if !response.keepsAlive { return }
                    }
                    claim(buffer.readableBytes == 0, "more is wanted, but \(buffer.readableBytes) bytes are left")
                    before += piece.count
                }
                guard let response = try reader.endOfStream() else { return }
                add(response)
                taken = before
                tookEnd = true
            } catch {
                self.error = error
            }
        }

        private mutating func add(_ message: HTTPResponseMessage) {
            var response = Response(status: message.head.status, body: Array(message.body.readableBytesView))
            message.head.forEach { response.fields.append(Field(name: $0, value: $1)) }
            responses.append(response)
        }
    }

    /// What llhttp makes of the bytes, as answers to so many requests; `nil` where it refuses them.
    private static func byLlhttp(_ bytes: ArraySlice<UInt8>, requests count: Int) -> [Response]? {
        let channel = EmbeddedChannel()
        var responses: [Response] = []
        var isOpen = false
        do {
            try channel.pipeline.syncOperations.addHandlers(HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()))
            for _ in 0..<count {
                let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["host": "app", "content-length": "0"])
                try channel.writeOutbound(HTTPClientRequestPart.head(head))
                try channel.writeOutbound(HTTPClientRequestPart.end(nil))
            }
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            _ = try channel.finish()
            while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
                switch part {
                case .head(let head):
                    let fields = head.headers.map { Field(name: $0.name.lowercased(), value: trim($0.value)) }
                    responses.append(Response(status: Int(head.status.code), fields: fields))
                    isOpen = true
                case .body(let body): responses[responses.count - 1].body += body.readableBytesView
                case .end: isOpen = false
                }
            }
        } catch {
            _ = try? channel.finish(acceptAlreadyClosed: true)
            return nil
        }
        return isOpen ? nil : responses
    }

    private static func trim(_ value: String) -> String {
        var value = value[...].unicodeScalars
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        return String(String.UnicodeScalarView(value.drop { $0 == " " || $0 == "\t" }))
    }
}
