// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One event of a body of type `application/websocket-events`: `TYPE`, or `TYPE`, a length in hex and so many bytes of content.
package struct WebSocketEvent: Equatable, Sendable {
    /// What happened, or what shall happen. The raw value is the name on the wire.
    package enum Kind: String, CaseIterable, Sendable {
        /// The WebSocket opens, or is accepted. Never has content.
        case open = "OPEN"
        /// A text message: valid UTF-8.
        case text = "TEXT"
        case binary = "BINARY"
        case ping = "PING"
        case pong = "PONG"
        /// A close frame; ``WebSocketCloseContent`` says what its content means.
        case close = "CLOSE"
        /// The socket is gone without a close frame. Never has content.
        case disconnect = "DISCONNECT"

        /// Whether content of such an event means anything; where it does not, it is ignored.
        package var hasContent: Bool {
            switch self {
            case .open, .disconnect: false
            case .text, .binary, .ping, .pong, .close: true
            }
        }
    }

    package let kind: Kind
    /// `nil` stands for an event that is written without a length. A message without one is an empty message.
    package let content: ByteBuffer?

    package init(_ kind: Kind, content: ByteBuffer? = nil) {
        self.kind = kind
        self.content = content
    }

    /// The content, empty where there is none.
    package var bytes: ByteBuffer { content ?? ByteBuffer() }
}
