// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How a node does, as it tells the others.
package struct NodeStanding: Equatable, Sendable {
    /// Open connections.
    package var connections: Int
    /// Whether it is shutting down.
    package var isDraining: Bool

    package init(connections: Int = 0, isDraining: Bool = false) {
        self.connections = connections
        self.isDraining = isDraining
    }
}
