// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastCore
import HoldfastWire
import Hummingbird
import NIOCore
import NIOHTTP1

/// An answer of the control API: the same whether the router gives it, or the request was served on the quick way (``ControlFront``).
struct ControlAnswer: Sendable {
    /// What the client is told before the body: status, and fields in order.
    struct Head: Sendable {
        let status: HTTPResponse.Status
        let fields: HTTPFields
        /// As it goes out, up to the value of `Content-Length`: made once for the answers that programs get by the thousand.
        fileprivate let bytes: ByteBuffer

        init(_ status: HTTPResponse.Status, _ fields: HTTPFields = [:]) {
            self.status = status
            self.fields = fields
            // A status made of a number has no phrase; HTTP's encoder knows them by heart.
            let phrase = status.reasonPhrase.isEmpty ? HTTPResponseStatus(statusCode: status.code).reasonPhrase : status.reasonPhrase
            var bytes = ByteBuffer(string: "HTTP/1.1 \(status.code) \(phrase)\r\n")
            for field in fields { bytes.writeString("\(field.name.rawName): \(field.value)\r\n") }
            bytes.writeStaticString("Content-Length: ")
            self.bytes = bytes
        }

        static let ok = Head(.ok, [.contentType: "application/json"])
        static let accepted = Head(.accepted, [.contentType: "application/json"])
        static let acceptedEmpty = Head(.accepted)
    }

    let head: Head
    let body: ByteBuffer

    init(_ head: Head, body: ByteBuffer = ByteBuffer()) {
        self.head = head
        self.body = body
    }

    /// An answer of one JSON object.
    ///
    /// - Parameter capacity: about how many bytes it will take.
    static func json(_ head: Head, capacity: Int = 256, _ write: (inout JSONWriter) -> Void) -> ControlAnswer {
        var json = JSONWriter(capacity: capacity)
        json.beginObject()
        write(&json)
        json.endObject()
        return ControlAnswer(head, body: json.buffer)
    }

    /// For the router, which adds the length, the date and the server's name.
    var response: Response { Response(status: head.status, headers: head.fields, body: .init(byteBuffer: body)) }

    /// Appends the whole answer, in the form in which the router's way writes it.
    ///
    /// - Parameter rest: the end of the head (``endOfHead(date:)``).
    func write(into buffer: inout ByteBuffer, rest: ByteBuffer) {
        buffer.writeImmutableBuffer(head.bytes)
        // Up to 15 bytes a text takes no memory of its own.
        buffer.writeString(String(body.readableBytes))
        buffer.writeImmutableBuffer(rest)
        if body.readableBytes > 0 { buffer.writeImmutableBuffer(body) }
    }

    /// What stands behind the length in every head.
    static func endOfHead(date: String) -> ByteBuffer { ByteBuffer(string: "\r\nDate: \(date)\r\nServer: holdfast\r\n\r\n") }
}
