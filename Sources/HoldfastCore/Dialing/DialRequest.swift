// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What is to be dialled: one outbound connection, and all that succeed it when it is lost.
package struct DialRequest: Equatable, Sendable {
    package var url: DialURL
    /// The subprotocols to offer, in order of preference.
    package var protocols: [String]
    /// To send beside those of the handshake itself; names in lower case.
    package var headers: [OpeningRequest.Field]
    /// What the connection's state is to begin with.
    package var state: StatePatch
    /// Whether it is dialled again when it is lost, or cannot be had, for as long as the route's policy allows.
    package var reconnects: Bool
    /// What the app calls it (`unsocket`); `nil` for none.
    package var name: String?
    /// Messages from the remote that the app is not told of: regular expressions, checked by ``TextFilter``.
    package var exclude: [String]

    package init(
        url: DialURL, protocols: [String] = [], headers: [OpeningRequest.Field] = [], state: StatePatch = StatePatch([]), reconnects: Bool = false,
        name: String? = nil, exclude: [String] = []
    ) {
        self.url = url
        self.protocols = protocols
        self.headers = headers
        self.state = state
        self.reconnects = reconnects
        self.name = name
        self.exclude = exclude
    }

    /// Headers that are the handshake's own, or decide how a connection is used: an app cannot set them.
    package static let reservedHeaders: Set<String> = [
        "connection", "upgrade", "host", "content-length", "transfer-encoding", "keep-alive", "trailer", "te", "sec-websocket-key",
        "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions", "sec-websocket-accept", "proxy-authorization",
    ]
}
