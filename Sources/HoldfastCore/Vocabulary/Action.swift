// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire

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

    /// The connection that it names, if it names one.
    package var target: ConnectionID? {
        switch self {
        case .send(_, let id), .close(_, _, let id), .subscribe(_, let id), .unsubscribe(_, let id), .setState(_, let id): id
        case .accept, .reject, .publish, .closeChannel: nil
        }
    }
}

/// How the handshake of a refused client is answered.
package struct Refusal: Equatable, Sendable {
    package let status: Int
    package let headers: [OpeningRequest.Field]
    package let body: String

    package init(status: Int = 403, headers: [OpeningRequest.Field] = [], body: String = "") {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
