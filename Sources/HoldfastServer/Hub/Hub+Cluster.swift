// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import NIOCore

/// What all nodes hold, as one node shows it. Nodes are asked at the same time; one that does not answer is named.
extension Hub {
    /// A part of a view, and the nodes that it lacks.
    package struct ClusterView<Value: Sendable>: Sendable {
        package var value: Value
        /// By name.
        package var unreachable: [NodeName] = []
    }

    /// The nodes that there are, with this one, by name.
    package var nodeNames: [NodeName] { (broker.members.map(\.name) + [broker.node]).sorted { $0.description < $1.description } }

    /// What became of a search for one connection.
    package enum Found: Sendable {
        case connection(ShownConnection)
        case none
        /// Its node does not answer.
        case unreachable
    }

    package func find(_ id: ConnectionID) async -> Found {
        guard id.node != broker.node else { return await connection(id).map { .connection($0.shown) } ?? .none }
        guard knows(id.node) else { return .none }
        switch await broker.ask(.connection(id), of: id.node) {
        case .connections(let found)?: return found.first.map(Found.connection) ?? .none
        // It may have been lost while it was asked.
        case nil: return knows(id.node) ? .unreachable : .none
        default: return .unreachable
        }
    }

    private func knows(_ node: NodeName) -> Bool { broker.members.contains { $0.name == node } }

    /// Open connections of these nodes, by the names of nodes, then as each has them, behind `cursor`.
    ///
    /// - Parameters:
    ///   - nodes: by name.
    ///   - limit: no more than so many.
    package func connections(
        of nodes: [NodeName], after cursor: ConnectionID?, limit: Int, route: String?, channel: ChannelName?
    ) async -> ClusterView<[ShownConnection]> {
        // What is before the cursor's node has been shown. The node itself may be gone.
        let nodes = nodes.filter { node in cursor.map { node.description >= $0.node.description } ?? true }
        func question(_ node: NodeName, after cursor: ConnectionID?, limit: Int) -> NodeQuestion {
            .connections(after: cursor?.node == node ? cursor : nil, limit: limit, route: route, channel: channel)
        }
        let first = await ask(nodes) { question($0, after: cursor, limit: limit) }
        var view = ClusterView<[ShownConnection]>(value: [])
        for node in nodes {
            guard case .connections(var portion)? = first[node] else {
                view.unreachable.append(node)
                continue
            }
            var asked = limit
            while view.value.count < limit {
                view.value += portion.prefix(limit - view.value.count)
                guard view.value.count < limit, !ViewPortion.isWhole(portion, asked: asked), let last = portion.last?.id, last.node == node else {
                    break
                }
                asked = limit - view.value.count
                guard case .connections(let more)? = await answer(of: node, question(node, after: last, limit: asked)) else {
                    view.unreachable.append(node)
                    break
                }
                portion = more
            }
        }
        return view
    }

    /// Channels of these nodes with their subscribers, by name, behind a name.
    ///
    /// - Parameter limit: at most 1001.
    package func channels(of nodes: [NodeName], after cursor: ChannelName?, limit: Int) async -> ClusterView<[ChannelCount]> {
        let answers = await ask(nodes) { _ in .channels(after: cursor, limit: limit) }
        var channels = FirstChannels(after: cursor, limit: limit)
        var view = ClusterView<[ChannelCount]>(value: [])
        for node in nodes {
            if case .channels(let portion)? = answers[node] { channels.add(portion) } else { view.unreachable.append(node) }
        }
        view.value = channels.first
        return view
    }

    /// How many subscribers a channel has on these nodes.
    package func subscriberCount(of channel: ChannelName, on nodes: [NodeName]) async -> ClusterView<Int> {
        let answers = await ask(nodes) { _ in .subscriberCount(channel) }
        var view = ClusterView(value: 0)
        for node in nodes {
            if case .count(let count)? = answers[node] { view.value += max(0, count) } else { view.unreachable.append(node) }
        }
        return view
    }

    /// Asks all at the same time.
    private func ask(_ nodes: [NodeName], _ question: (NodeName) -> NodeQuestion) async -> [NodeName: NodeAnswer] {
        await withTaskGroup(of: (NodeName, NodeAnswer?).self) { group in
            for node in nodes {
                let question = question(node)
                group.addTask { (node, await self.answer(of: node, question)) }
            }
            var answers: [NodeName: NodeAnswer] = [:]
            for await (node, answer) in group { answers[node] = answer }
            return answers
        }
    }

    private func answer(of node: NodeName, _ question: NodeQuestion) async -> NodeAnswer? {
        node == broker.node ? await answer(question) : await broker.ask(question, of: node)
    }
}
