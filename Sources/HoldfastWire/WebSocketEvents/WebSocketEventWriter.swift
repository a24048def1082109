// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes events for a body of type `application/websocket-events`. Lengths are in lower-case hex.
package enum WebSocketEventWriter {
    /// Appends one event to `buffer`.
    ///
    /// - Parameters:
    ///   - content: its readable bytes; `nil` writes the event without a length, an empty buffer with the length 0. Text must be valid UTF-8.
    package static func write(_ kind: WebSocketEvent.Kind, _ content: ByteBuffer?, into buffer: inout ByteBuffer) {
        // Room for the longest line, so that the buffer grows at most once for an event.
        buffer.reserveCapacity(minimumWritableBytes: 32 + (content?.readableBytes ?? 0))
        buffer.writeStaticString(name(of: kind))
        guard let content else {
            buffer.writeStaticString("\r\n")
            return
        }
        buffer.writeStaticString(" ")
        let length = UInt64(content.readableBytes)
        // Half a byte for each digit; the number 0 has one digit as well.
        for place in (0..<max(1, (UInt64.bitWidth - length.leadingZeroBitCount + 3) / 4)).reversed() {
            let digit = UInt8(truncatingIfNeeded: length >> (4 * UInt64(place)) & 0xF)
            buffer.writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        buffer.writeStaticString("\r\n")
        buffer.writeImmutableBuffer(content)
        buffer.writeStaticString("\r\n")
    }

    /// Appends one event to `buffer`.
    package static func write(_ event: WebSocketEvent, into buffer: inout ByteBuffer) { write(event.kind, event.content, into: &buffer) }

    /// The names once more, because they are written faster as static strings.
    private static func name(of kind: WebSocketEvent.Kind) -> StaticString {
        switch kind {
        case .open: "OPEN"
        case .text: "TEXT"
        case .binary: "BINARY"
        case .ping: "PING"
        case .pong: "PONG"
        case .close: "CLOSE"
        case .disconnect: "DISCONNECT"
        }
    }
}
