// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Synchronization

/// The broker of nodes in one process: alone by default, and several around one ``Exchange`` in tests and embedding programs.
package final class MemoryBroker: Broker {
    /// Where the nodes of one process meet.
    package final class Exchange: Sendable {
        fileprivate struct Member: Sendable {
            /// Which broker joined: another of that name, which was refused, must not act for it.
            let owner: ObjectIdentifier
            let inbox: any BrokerInbox
            var interests: Set<ChannelName> = []
        }

        fileprivate let members = Mutex<[NodeName: Member]>([:])

        package init() {}
    }

    package let node: NodeName
    package let name = "memory"
    private let exchange: Exchange

    package init(node: NodeName, exchange: Exchange = Exchange()) {
        self.node = node
        self.exchange = exchange
    }

    package var status: BrokerStatus { BrokerStatus(isUp: true) }

    package var members: [NodeMember] {
        exchange.members.withLock { members in
            members.keys.filter { $0 != node }.map { NodeMember(name: $0, instance: 0, version: "") }.sorted {
                $0.name.description < $1.name.description
            }
        }
    }

    package func join(_ inbox: any BrokerInbox, on loop: any EventLoop) async throws {
        let isFree = exchange.members.withLock { members in
            guard members[node] == nil else { return false }
            members[node] = Exchange.Member(owner: ObjectIdentifier(self), inbox: inbox)
            return true
        }
        guard isFree else { throw BrokerError(.nameTaken, "another node is named \(node); give this one a name of its own (node, --node)") }
    }

    package func leave() async {
        exchange.members.withLock { if isMember(of: $0) { $0[node] = nil } }
    }

    package func began(_ channel: ChannelName) {
        exchange.members.withLock { if isMember(of: $0) { $0[node]?.interests.insert(channel) } }
    }

    package func ended(_ channel: ChannelName) {
        exchange.members.withLock { if isMember(of: $0) { $0[node]?.interests.remove(channel) } }
    }

    package func broadcast(_ broadcasts: [Broadcast]) {
        // Called outside the lock: an inbox is foreign code.
        let others = exchange.members.withLock { members in members.count > 1 ? members.filter { $0.key != node } : [:] }
        for member in others.values {
            let wanted = broadcasts.filter { member.interests.contains($0.channel) }
            if !wanted.isEmpty { member.inbox.deliver(wanted) }
        }
    }

    package func send(_ actions: [Action], to node: NodeName, answer: (@Sendable ([ActionResult]) -> Void)?) {
        guard let inbox = inbox(of: node) else { return answer?(actions.map { _ in .notFound }) ?? () }
        inbox.perform(actions) { answer?($0) }
    }

    package func ask(_ question: NodeQuestion, of node: NodeName) async -> NodeAnswer? { await inbox(of: node)?.answer(question) }

    /// Nodes of one process are lost together.
    package func keep(_ changes: [RecordChange]) {}

    private func inbox(of node: NodeName) -> (any BrokerInbox)? { exchange.members.withLock { $0[node]?.inbox } }

    private func isMember(of members: [NodeName: Exchange.Member]) -> Bool { members[node]?.owner == ObjectIdentifier(self) }
}
