// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import NIOCore
import Synchronization

/// A broker that notes what it is told and answers as it is told to.
package final class RecordingBroker: Broker {
    package enum Note: Equatable, Sendable {
        case joined
        case left
        case began(ChannelName)
        case ended(ChannelName)
        case broadcast([Broadcast])
        case perform([Action], NodeName)
        case ask(NodeQuestion, NodeName)
        case keep([RecordChange])
    }

    package let node: NodeName
    package let name = "recording"
    package let status: BrokerStatus
    package let members: [NodeMember]
    private let log = Mutex<[Note]>([])
    private let answer: @Sendable ([Action]) -> [ActionResult]

    package init(
        node: NodeName = .standalone, members: [NodeMember] = [], status: BrokerStatus = BrokerStatus(isUp: true),
        answer: @escaping @Sendable ([Action]) -> [ActionResult] = { $0.map { _ in .notFound } }
    ) {
        self.members = members
        self.status = status
        self.node = node
        self.answer = answer
    }

    /// Everything so far, in order.
    package var notes: [Note] { log.withLock { $0 } }

    package func join(_ inbox: any BrokerInbox, on loop: any EventLoop) async throws { note(.joined) }
    package func leave() async { note(.left) }
    package func began(_ channel: ChannelName) { note(.began(channel)) }
    package func ended(_ channel: ChannelName) { note(.ended(channel)) }
    package func broadcast(_ broadcasts: [Broadcast]) { note(.broadcast(broadcasts)) }

    package func send(_ actions: [Action], to node: NodeName, answer reply: (@Sendable ([ActionResult]) -> Void)?) {
        note(.perform(actions, node))
        reply?(answer(actions))
    }

    package func ask(_ question: NodeQuestion, of node: NodeName) async -> NodeAnswer? {
        note(.ask(question, node))
        return nil
    }

    package func keep(_ changes: [RecordChange]) { note(.keep(changes)) }

    private func note(_ note: Note) { log.withLock { $0.append(note) } }
}
