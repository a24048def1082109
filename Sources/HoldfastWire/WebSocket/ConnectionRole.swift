// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which side of a WebSocket one is on: who dialled is the client (RFC 6455 §4). It decides who masks, and whose compression is whose.
package enum ConnectionRole: Hashable, Sendable, CaseIterable {
    /// Somebody connected to us.
    case server
    /// We connected to somebody.
    case client

    /// The other side's.
    package var peer: ConnectionRole { self == .server ? .client : .server }
}
