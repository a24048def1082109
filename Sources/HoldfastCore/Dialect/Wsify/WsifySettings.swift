// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a route of the `wsify` dialect is set up with.
package struct WsifySettings: Equatable, Sendable {
    package enum Version: String, CaseIterable, Sendable {
        case v2, v3
    }

    /// What the app of a v2 route may be told of.
    package enum EventName: String, CaseIterable, Sendable {
        case connect, disconnect, subscribe, unsubscribe
    }

    /// Which of the published conventions is spoken. Default v3.
    package var version: Version
    /// What who publishes must say as `key`; empty for nothing.
    package var broadcastingKey: String
    /// Where on the public port publishing is possible (`/broadcast`, `/publish`); `nil` for the control API alone.
    package var broadcastPath: String?
    /// v2: what the app is asked about, or told; the rest is allowed. Default all.
    package var events: Set<EventName>
    /// Whether clients are told what became of their commands. Default false.
    package var acks: Bool
    /// Whether the app is told whose command it is: the connection's id, address and user. Default false.
    package var identity: Bool
    /// v3: whether the app is told when a client has left. Default false; in v2 ``events`` say so.
    package var disconnect: Bool
    /// v3: whether who publishes may name connections (`to`). Default false; v2 always has it, for keys.
    package var targets: Bool

    package init(
        version: Version = .v3, broadcastingKey: String = "", broadcastPath: String? = nil, events: Set<EventName> = Set(EventName.allCases),
        acks: Bool = false, identity: Bool = false, disconnect: Bool = false, targets: Bool = false
    ) {
        self.version = version
        self.broadcastingKey = broadcastingKey
        self.broadcastPath = broadcastPath
        self.events = events
        self.acks = acks
        self.identity = identity
        self.disconnect = disconnect
        self.targets = targets
    }

    /// The path at which the control API takes publications: the public one, or else the original's.
    package var publishPath: String { broadcastPath ?? (version == .v3 ? "/broadcast" : "/publish") }
}
