// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import NIOHTTP1

/// Writes answers to clients as bytes.
enum AnswerWriter {
    /// Status line and fields, with those that say how the body goes.
    ///
    /// - Parameters:
    ///   - fields: without any that concern the connection or the body's coding.
    ///   - length: the `content-length` to tell, which an answer without a body may have too.
    static func head(
        status: Int, reason: String?, fields: [OpeningRequest.Field], length: Int?, framing: AnswerFraming
    ) -> ByteBuffer {
        var head = ByteBuffer()
        let phrase = reason ?? HTTPResponseStatus(statusCode: status).reasonPhrase
        head.writeString("HTTP/1.1 \(status) \(phrase)\r\n")
        for field in fields { head.writeString("\(field.name): \(field.value)\r\n") }
        // RFC 9110 §8.6: an answer 204 has no such field.
        if let length, status != 204 { head.writeString("content-length: \(length)\r\n") }
        if framing.body == .chunked { head.writeStaticString("transfer-encoding: chunked\r\n") }
        if !framing.keepsAlive { head.writeStaticString("connection: close\r\n") }
        head.writeStaticString("\r\n")
        return head
    }

    /// A part of a body. An empty one would end a chunked body, so it gives nothing.
    static func part(_ bytes: ByteBuffer, _ framing: AnswerFraming) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        switch framing.body {
        case .none: return nil
        case .sized, .untilEnd: return bytes
        case .chunked:
            var chunk = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + 20)
            chunk.writeString(String(bytes.readableBytes, radix: 16))
            chunk.writeStaticString("\r\n")
            chunk.writeImmutableBuffer(bytes)
            chunk.writeStaticString("\r\n")
            return chunk
        }
    }

    /// What stands behind the body.
    static func end(_ framing: AnswerFraming) -> ByteBuffer? { framing.body == .chunked ? ByteBuffer(staticString: "0\r\n\r\n") : nil }

    static let goOn = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
}
