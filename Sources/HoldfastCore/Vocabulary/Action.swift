// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// What is to be done. One list for the app's answers and for the control API.
///
/// A `to` of `nil` means the connection whose event is being answered; the control API always names one.
package enum Action: Equatable, Sendable {
    /// Accepts the connection being opened. `protocol` must be one that the client offered.
    case accept(protocol: String?, headers: [OpeningRequest.Field])
    /// Refuses the connection being opened.
    case reject(Refusal)
    case send(Payload, to: ConnectionID?)
    case close(CloseCode, reason: String, to: ConnectionID?)
    case subscribe(ChannelName, to: ConnectionID?)
    case unsubscribe(ChannelName, to: ConnectionID?)
    case publish(Publication)
    /// Closes every subscriber of a channel.
    case closeChannel(ChannelName, code: CloseCode, reason: String)
    case setState(StatePatch, to: ConnectionID?)
    case control(ConnectionControl, to: ConnectionID?)
    /// Opens an outbound connection on the route of the connection whose event is answered, or on the one named.
    case dial(DialRequest, route: String?)
    /// Leaves the connection being opened in doubt: the app is asked again.
    case askAgain(after: Duration)
    /// Of the messages in the webhook, only so many bytes were taken; the rest is to be offered again. Without it, all were.
    case took(contentBytes: Int)

    /// The connection that it names, if it names one.
    package var target: ConnectionID? {
        switch self {
        case .send(_, let id), .close(_, _, let id), .subscribe(_, let id), .unsubscribe(_, let id), .setState(_, let id),
            .control(_, let id):
            id
        case .accept, .reject, .publish, .closeChannel, .dial, .askAgain, .took: nil
        }
    }
}

/// How the handshake of a refused client is answered.
package struct Refusal: Equatable, Sendable {
    package let status: Int
    package let headers: [OpeningRequest.Field]
    package let bytes: ByteBuffer

    package init(status: Int = 403, headers: [OpeningRequest.Field] = [], bytes: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.bytes = bytes
    }

    package init(status: Int = 403, headers: [OpeningRequest.Field] = [], body: String = "") {
        self.init(status: status, headers: headers, bytes: ByteBuffer(string: body))
    }

    package var body: String { String(buffer: bytes) }
}
