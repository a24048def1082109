// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// The format for WebSockets.
extension GripPublishItemReader {
    /// A ping or pong holds no more (RFC 6455 §5.5).
    private static let maxPingBytes = 125

    func webSocket(_ format: GripPublishObject) throws(GripPublishError) -> GripWebSocketFormat {
        switch try action(format) {
        case .send: return try message(format)
        case .close: return GripWebSocketFormat(form: try close(format))
        case .refresh: return GripWebSocketFormat(form: .refresh)
        // There is nothing else to be had elsewhere, as there is for a request.
        case .hint: return GripWebSocketFormat(form: .none)
        }
    }

    private func message(_ format: GripPublishObject) throws(GripPublishError) -> GripWebSocketFormat {
        let type = try format.string("type")
        if let type, !["text", "binary", "ping", "pong"].contains(type) { throw .format("\(format.name) contains 'type' with unknown value") }
        let filters = try filters(format)
        let content = try content(format)
        if type == "ping" || type == "pong" {
            let bytes = content ?? ByteBuffer()
            guard bytes.readableBytes <= Self.maxPingBytes else {
                throw .format("items[\(index)]: a \(type ?? "") holds at most \(Self.maxPingBytes) bytes, found \(bytes.readableBytes)")
            }
            return GripWebSocketFormat(form: type == "ping" ? .ping(bytes) : .pong(bytes), filters: filters)
        }
        guard let content else { throw .format("\(format.name) does not contain 'content' or 'content-bin'") }
        let isBytes = format.member("content-bin") != nil
        guard type == "text" || type == nil && !isBytes else {
            return GripWebSocketFormat(form: .message, payload: .binary(content), filters: filters)
        }
        if isBytes {
            var validator = UTF8Validator()
            let isText = content.withUnsafeReadableBytes { validator.take($0) } && validator.isComplete
            guard isText else { throw format.invalidValue("content-bin", "a text message must be UTF-8") }
        }
        return GripWebSocketFormat(form: .message, payload: .text(content), filters: filters)
    }

    /// A close without a code has 1000, as Pushpin has it.
    ///
    /// 0 and 1005 say the same in numbers: libraries write 0 where they know no code, and RFC 6455 §7.4.1 keeps 1005 for it. Pushpin takes any
    /// number from 0 up and writes its lower 16 bits into the frame, whereupon clients drop the connection as broken (1006): such a number is
    /// refused here, for it is the publisher's mistake and nobody else would tell.
    private func close(_ format: GripPublishObject) throws(GripPublishError) -> PublicationDetails.WebSocketForm {
        let number = try format.integer("code") ?? 0
        guard number >= 0 else { throw format.invalidValue("code") }
        var code = CloseCode.normal
        if number != 0, number != Int(CloseCode.none.rawValue) {
            guard let raw = UInt16(exactly: number), CloseCode(raw).isAllowedOnWire else {
                throw format.invalidValue("code", "expected 1000 to 1003, 1007 to 1014 or 3000 to 4999, found \(number)")
            }
            code = CloseCode(raw)
        }
        let reason = try format.string("reason") ?? ""
        guard reason.utf8.count <= CloseCode.maxReasonBytes else {
            throw format.invalidValue("reason", "expected at most \(CloseCode.maxReasonBytes) bytes")
        }
        return .close(code, reason: reason)
    }
}
