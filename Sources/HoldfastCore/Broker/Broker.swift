// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Carries publications and addressed actions between the nodes of a cluster.
///
/// The core owns this protocol and a broker in memory; drivers for distributed engines live in HoldfastBrokers. A broker never carries
/// anything back to the node that it came from: local subscribers are served before the broker is told, so that local traffic goes on
/// when the broker is away.
package protocol Broker: Sendable {
    /// The name of this node: the first part of the ids of its connections.
    var node: NodeName { get }

    /// What the broker is called in configuration and metrics.
    var name: String { get }

    /// Whether the broker can reach other nodes right now.
    var isUp: Bool { get }

    /// Joins the cluster; from here on `inbox` is given what other nodes send.
    ///
    /// - Throws: a ``BrokerError`` when the cluster cannot be joined, in particular when the node's name is taken.
    func join(_ inbox: any BrokerInbox) async throws

    /// Leaves the cluster. What was published before is sent first.
    func leave() async

    /// This node has a subscriber of the channel: publications to it are wanted.
    func began(_ channel: ChannelName)

    /// This node has no subscriber of the channel any more.
    func ended(_ channel: ChannelName)

    /// Carries broadcasts to the other nodes, in this order. Returns at once; what does not fit is dropped and counted.
    func broadcast(_ broadcasts: [Broadcast])

    /// Has actions carried out by the node that holds the connections that they name.
    ///
    /// - Returns: a result for each action, in order; ``ActionResult/notFound`` for all when no such node is known,
    ///   ``ActionResult/unreachable`` when it does not answer within a second.
    func perform(_ actions: [Action], on node: NodeName) async -> [ActionResult]
}

/// This node's side of a broker: what other nodes want of it.
package protocol BrokerInbox: Sendable {
    /// Broadcasts of other nodes, for local subscribers.
    func deliver(_ broadcasts: [Broadcast])

    /// Actions on connections of this node.
    func perform(_ actions: [Action]) async -> [ActionResult]
}

/// Why a node cannot join its cluster.
package struct BrokerError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// Another node of that name is there.
        case nameTaken
        /// The URL names no broker that this build has.
        case unknownBroker
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
