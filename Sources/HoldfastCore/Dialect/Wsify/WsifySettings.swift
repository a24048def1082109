// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a route of the `wsify` dialect is set up with.
package struct WsifySettings: Equatable, Sendable {
    package enum Version: String, CaseIterable, Sendable {
        case v2, v3
    }

    /// Which of the published conventions is spoken. Default v3.
    package var version: Version
    /// What who publishes must say as `key`; empty for nothing.
    package var broadcastingKey: String
    /// Where on the public port publishing is possible (`/broadcast`, `/publish`); `nil` for the control API alone.
    package var broadcastPath: String?
    /// Whether clients are told what became of their commands.
    package var acks: Bool
    /// Whether the app is told the connection's id, and its user, with every command.
    package var identity: Bool
    /// Whether the app is told when a client has left.
    package var disconnect: Bool

    package init(
        version: Version = .v3, broadcastingKey: String = "", broadcastPath: String? = nil, acks: Bool = false, identity: Bool = false,
        disconnect: Bool = false
    ) {
        self.version = version
        self.broadcastingKey = broadcastingKey
        self.broadcastPath = broadcastPath
        self.acks = acks
        self.identity = identity
        self.disconnect = disconnect
    }
}
