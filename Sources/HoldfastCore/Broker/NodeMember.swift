// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Another node of the cluster, as this one knows it.
package struct NodeMember: Equatable, Sendable {
    package let name: NodeName
    /// Drawn anew at each start: tells a node from one of the same name before it.
    package let instance: UInt64
    /// As in `holdfast --version`.
    package let version: String
    /// Open connections when it was last heard of.
    package let connections: Int
    /// Whether it is shutting down.
    package let isDraining: Bool

    package init(name: NodeName, instance: UInt64, version: String, connections: Int = 0, isDraining: Bool = false) {
        self.name = name
        self.instance = instance
        self.version = version
        self.connections = connections
        self.isDraining = isDraining
    }
}
