// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Carries publications and addressed actions between the nodes of a cluster.
///
/// The core owns this protocol and a broker in memory; drivers for distributed engines live in HoldfastBrokers. A broker never carries
/// anything back to the node that it came from: local subscribers are served before the broker is told, so that local traffic goes on
/// when the broker is away. All methods may be called from any thread and return at once; what is given in one order is carried in that order.
package protocol Broker: Sendable {
    /// The name of this node: the first part of the ids of its connections.
    var node: NodeName { get }

    /// What the broker is called in configuration and metrics.
    var name: String { get }

    /// How it does.
    var status: BrokerStatus { get }

    /// The other nodes that are there, by name. One that has not been heard of for the lease is not.
    var members: [NodeMember] { get }

    /// Joins the cluster; from here on `inbox` is given what other nodes send.
    ///
    /// - Parameter loop: where the broker does its work, and calls the inbox: one of the gateway's own loops.
    /// - Throws: a ``BrokerError`` when the cluster cannot be joined, in particular when the node's name is taken.
    func join(_ inbox: any BrokerInbox, on loop: any EventLoop) async throws

    /// Leaves the cluster. What was published before is sent first.
    func leave() async

    /// This node has a subscriber of the channel: publications to it are wanted.
    func began(_ channel: ChannelName)

    /// This node has no subscriber of the channel any more.
    func ended(_ channel: ChannelName)

    /// Carries broadcasts to the other nodes, in this order. What does not fit is dropped and counted.
    func broadcast(_ broadcasts: [Broadcast])

    /// Has actions carried out by the node that holds the connections that they name.
    ///
    /// - Parameter answer: is called once, on any thread, with a result for each action, in order: ``ActionResult/notFound`` for all when no such
    ///   node is known, ``ActionResult/unreachable`` when it does not answer within a second. `nil` where nobody waits for results.
    func send(_ actions: [Action], to node: NodeName, answer: (@Sendable ([ActionResult]) -> Void)?)

    /// Asks another node what it holds.
    ///
    /// - Returns: `nil` when the node is not known, or does not answer within a second.
    func ask(_ question: NodeQuestion, of node: NodeName) async -> NodeAnswer?

    /// Has another node keep what is needed to tell the app of the end of these connections, should this node be lost.
    ///
    /// Nothing where the cluster does not do that, or no other node is there.
    func keep(_ changes: [RecordChange])
}

extension Broker {
    /// Whether the broker can reach other nodes right now.
    package var isUp: Bool { status.isUp }

    /// ``send(_:to:answer:)`` for those who can wait.
    package func perform(_ actions: [Action], on node: NodeName) async -> [ActionResult] {
        await withCheckedContinuation { waiting in
            send(actions, to: node) { waiting.resume(returning: $0) }
        }
    }
}

/// This node's side of a broker: what other nodes want of it. Called on the broker's loop.
package protocol BrokerInbox: Sendable {
    /// Broadcasts of other nodes, for local subscribers, in the order of each publisher. Each comes once.
    func deliver(_ broadcasts: [Broadcast])

    /// Actions on connections of this node: begun in the order of the calls.
    ///
    /// - Parameter answer: is called once, on any thread, with a result for each action.
    func perform(_ actions: [Action], answer: @escaping @Sendable ([ActionResult]) -> Void)

    /// What this node tells the others of itself, at intervals.
    var standing: NodeStanding { get }

    /// What this node holds.
    func answer(_ question: NodeQuestion) async -> NodeAnswer

    /// Another node was lost with these connections; this node is the one to tell the app.
    func lost(_ records: [ConnectionRecord], of node: NodeName)

    /// The other nodes took this one for lost, and its app was told that these connections have ended. They are to end, and the app hears no more of them.
    func buried(_ connections: [ConnectionID])

    /// Records of this node's open connections in a stable order, behind `cursor`: for a node that is to keep them from now on.
    ///
    /// - Returns: at most `limit`; fewer where there are no more.
    func records(after cursor: ConnectionID?, limit: Int) async -> [ConnectionRecord]
}

extension BrokerInbox {
    /// That of a node without connections.
    package var standing: NodeStanding { NodeStanding() }
}
