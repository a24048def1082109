// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Synchronization

/// A broker that keeps records as another node would, and lets a test speak for the other nodes.
final class KeepingBroker: Broker {
    private struct State {
        var inbox: (any BrokerInbox)?
        var members: [NodeMember]
        var kept: [ConnectionID: ConnectionRecord] = [:]
        var calls: [[RecordChange]] = []
    }

    let node: NodeName
    let name = "keeping"
    private let state: Mutex<State>

    /// - Parameter others: names of the other nodes.
    init(node: String = "web-1", others: [String] = ["web-2"]) {
        self.node = NodeName(node) ?? .standalone
        state = Mutex(State(members: others.compactMap { NodeName($0).map { NodeMember(name: $0, instance: 1, version: "1") } }))
    }

    var status: BrokerStatus { BrokerStatus(isUp: true) }
    var members: [NodeMember] { state.withLock { $0.members } }
    /// What another node would have now.
    var kept: [ConnectionID: ConnectionRecord] { state.withLock { $0.kept } }
    /// The records as they are read by another node.
    var records: [SessionRecord] { kept.values.compactMap(SessionRecord.init) }
    /// Each call of ``keep(_:)``.
    var calls: [[RecordChange]] { state.withLock { $0.calls } }
    /// The gateway, once it has joined.
    var inbox: (any BrokerInbox)? { state.withLock { $0.inbox } }

    func leaveAlone() { state.withLock { $0.members = [] } }

    func join(_ inbox: any BrokerInbox, on loop: any EventLoop) async throws { state.withLock { $0.inbox = inbox } }
    func leave() async {}
    func began(_ channel: ChannelName) {}
    func ended(_ channel: ChannelName) {}
    func broadcast(_ broadcasts: [Broadcast]) {}
    func send(_ actions: [Action], to node: NodeName, answer: (@Sendable ([ActionResult]) -> Void)?) { answer?(actions.map { _ in .notFound }) }
    func ask(_ question: NodeQuestion, of node: NodeName) async -> NodeAnswer? { nil }

    func keep(_ changes: [RecordChange]) {
        state.withLock { state in
            state.calls.append(changes)
            for change in changes {
                switch change {
                case .set(let record): state.kept[record.id] = record
                case .remove(let id): state.kept[id] = nil
                }
            }
        }
    }
}
