// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// How an outbound connection is dialled.
public struct DialOptions: Sendable, Hashable {
    /// The subprotocols to offer, in order of preference.
    public var protocols: [String]
    /// To send with the opening request.
    public var headers: HTTPFields
    /// What the connection's state is to begin with.
    public var state: [String: String?]
    /// Whether it is dialled again when it is lost, as the route's settings say. Default no.
    public var reconnect: Bool
    /// The route to dial on; `nil` for that of the connection that is answered. On the control API the gateway decides.
    public var route: String?

    public init(
        protocols: [String] = [], headers: HTTPFields = [:], state: [String: String?] = [:], reconnect: Bool = false, route: String? = nil
    ) {
        self.protocols = protocols
        self.headers = headers
        self.state = state
        self.reconnect = reconnect
        self.route = route
    }
}
