// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
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
    }

    package let node: NodeName
    package let name = "recording"
    package let isUp = true
    private let log = Mutex<[Note]>([])
    private let answer: @Sendable ([Action]) -> [ActionResult]

    package init(node: NodeName = .standalone, answer: @escaping @Sendable ([Action]) -> [ActionResult] = { $0.map { _ in .notFound } }) {
        self.node = node
        self.answer = answer
    }

    /// Everything so far, in order.
    package var notes: [Note] { log.withLock { $0 } }

    package func join(_ inbox: any BrokerInbox) async throws { note(.joined) }
    package func leave() async { note(.left) }
    package func began(_ channel: ChannelName) { note(.began(channel)) }
    package func ended(_ channel: ChannelName) { note(.ended(channel)) }
    package func broadcast(_ broadcasts: [Broadcast]) { note(.broadcast(broadcasts)) }

    package func perform(_ actions: [Action], on node: NodeName) async -> [ActionResult] {
        note(.perform(actions, node))
        return answer(actions)
    }

    private func note(_ note: Note) { log.withLock { $0.append(note) } }
}
