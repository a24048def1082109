// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads a body of type `application/websocket-events`: events one behind another, each `TYPE CRLF` or `TYPE SP HEX-LENGTH CRLF CONTENT CRLF`.
///
/// Strict, because a body that is misread puts one client's bytes into another place: lines end in CRLF, content is complete, types are in
/// upper case. Of the content only what a WebSocket could not send is refused: text and close reasons that are not UTF-8, pings and pongs over
/// 125 bytes. Tolerated: an event without a length, content where it means nothing (`OPEN 0`), and well-formed types that nobody knows; those
/// are left out.
///
/// One pass, and no event costs more for those before it. The list takes 32 bytes for an event, and the shortest event is 6 bytes long.
package struct WebSocketEventReader {
    /// A length has 1 to 8 digits: more bytes than that do not fit into a buffer.
    package static let maxLengthDigits = 8
    /// The longest type, known or not.
    package static let maxTypeBytes = 32
    /// The longest content of a ping or pong (RFC 6455 §5.5).
    package static let maxControlBytes = 125

    /// Names as numbers, so that a type is found without a string. A number holds 16 bytes, of longer types the last; none of ours has as many.
    private static let names = WebSocketEvent.Kind.allCases.map { kind in
        (packed: kind.rawValue.utf8.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }, kind: kind)
    }

    private let body: ByteBuffer
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var index = 0

    /// Reads the readable bytes of `body`, all of them; none are no events.
    ///
    /// - Returns: the events in order. Their contents share the body's memory.
    /// - Throws: a ``WebSocketEventError`` that names the event, the byte, what was expected and what was found.
    package static func read(_ body: ByteBuffer) throws(WebSocketEventError) -> [WebSocketEvent] {
        let outcome: Result<[WebSocketEvent], WebSocketEventError> = body.withUnsafeReadableBytes { bytes in
            var reader = WebSocketEventReader(body: body, bytes: bytes)
            do throws(WebSocketEventError) {
                return .success(try reader.wholeBody())
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private init(body: ByteBuffer, bytes: UnsafeRawBufferPointer) {
        self.body = body
        self.bytes = bytes
    }

    private mutating func wholeBody() throws(WebSocketEventError) -> [WebSocketEvent] {
        var events: [WebSocketEvent] = []
        while position < bytes.count {
            if let event = try event() { events.append(event) }
            index += 1
        }
        return events
    }

    /// - Returns: `nil` for an event of an unknown type.
    private mutating func event() throws(WebSocketEventError) -> WebSocketEvent? {
        let kind = try type()
        guard peek == UInt8(ascii: " ") else {
            try lineEnd(or: "a space and a length, or CRLF, behind the type")
            return kind.map { WebSocketEvent($0) }
        }
        position += 1
        let length = try length()
        try lineEnd(or: "CRLF behind the length")
        let start = position
        guard bytes.count - start >= length else {
            throw fault("\(length) bytes of content", found: "\(bytes.count - start) bytes up to the end of the body")
        }
        position += length
        try lineEnd(or: "CRLF behind \(length) bytes of content")
        guard let kind else { return nil }
        guard kind.hasContent else { return WebSocketEvent(kind) }
        try check(kind, UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]), at: start)
        guard let content = body.getSlice(at: body.readerIndex + start, length: length) else {
            preconditionFailure("an event's content lies inside the body")
        }
        return WebSocketEvent(kind, content: content)
    }

    private mutating func type() throws(WebSocketEventError) -> WebSocketEvent.Kind? {
        let start = position
        var packed: UInt128 = 0
        while let byte = peek, Self.isTypeByte(byte, isFirst: position == start) {
            packed = packed << 8 | UInt128(byte)
            position += 1
            guard position - start <= Self.maxTypeBytes else {
                position = start
                throw fault("a type of at most \(Self.maxTypeBytes) bytes")
            }
        }
        guard position > start else { throw fault("a type in upper-case letters") }
        return Self.names.first { $0.packed == packed }?.kind
    }

    /// Letters, and behind the first also digits, `-` and `_`, for types that are yet to come.
    private static func isTypeByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): !isFirst
        default: false
        }
    }

    private mutating func length() throws(WebSocketEventError) -> Int {
        let start = position
        var length = 0
        while let byte = peek, let digit = Self.hexDigit(byte) {
            length = length << 4 | digit
            position += 1
            guard position - start <= Self.maxLengthDigits else {
                position = start
                throw fault("a length of at most \(Self.maxLengthDigits) hex digits")
            }
        }
        guard position > start else { throw fault("a length in hex digits") }
        return length
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte) - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte) - 0x41 + 10
        default: nil
        }
    }

    private mutating func lineEnd(or expected: @autoclosure () -> String) throws(WebSocketEventError) {
        guard bytes.count - position >= 2, bytes[position] == 0x0D, bytes[position + 1] == 0x0A else { throw fault(expected()) }
        position += 2
    }

    /// Refuses what could not be sent on.
    private func check(_ kind: WebSocketEvent.Kind, _ content: UnsafeRawBufferPointer, at start: Int) throws(WebSocketEventError) {
        switch kind {
        case .text:
            guard Self.isUTF8(content) else { throw fault("valid UTF-8 in a TEXT", at: start, found: "other bytes") }
        case .close:
            let reason = UnsafeRawBufferPointer(rebasing: content.dropFirst(2))
            guard Self.isUTF8(reason) else { throw fault("valid UTF-8 in the reason of a CLOSE", at: start + 2, found: "other bytes") }
        case .ping, .pong:
            guard content.count <= Self.maxControlBytes else {
                throw fault("at most \(Self.maxControlBytes) bytes in a \(kind.rawValue)", at: start, found: "\(content.count) bytes")
            }
        case .open, .binary, .disconnect: break
        }
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.take(bytes) && validator.isComplete
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fault(_ expected: String, at offset: Int? = nil, found: String? = nil) -> WebSocketEventError {
        WebSocketEventError(index: index, offset: offset ?? position, expected: expected, found: found ?? next)
    }

    /// What stands at the position, for error messages: up to twelve bytes, as a source would have them.
    private var next: String {
        guard position < bytes.count else { return "the end of the body" }
        let shown = bytes[position..<min(bytes.count, position + 12)].map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7E: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return "\"\(shown.joined())\""
    }
}
