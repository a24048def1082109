// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// What one loop gives away at the end of a turn.
enum Handover {
    /// For other loops and nodes.
    case action(Action)
    /// A publication that has its place in an order, and its turn, for the other loops of this node.
    case here(Publication)
    /// A publication that has its place in an order, for other nodes, who see to that themselves.
    case elsewhere(Publication)
}

extension Hub {
    /// Hands one loop's actions, gathered over a turn, to the other loops and nodes: one hop for each, the order kept. Nobody waits for results.
    func handOff(_ handovers: [Handover], from index: UInt16) {
        var local = [[Action]](repeating: [], count: shards.count)
        var heard: [Broadcast] = []
        var batch = RemoteBatch(broker: broker)
        func giveOthers(_ action: Action) {
            for place in shards.indices where place != Int(index) { local[place].append(action) }
        }
        for handover in handovers {
            switch handover {
            case .here(let publication):
                heard.append(.message(publication))
                giveOthers(.publish(publication))
            case .elsewhere(let publication): batch.add(.message(publication))
            case .action(let action):
                switch Destination.of(action, on: broker.node) {
                case .everywhere(let broadcast):
                    heard.append(broadcast)
                    batch.add(broadcast)
                    giveOthers(action)
                case .shard(let shard) where Int(shard) < shards.count: local[Int(shard)].append(action)
                case .node(let node): batch.add(action, on: node)
                case .anyShard: local[dials.nextShard(of: shards.count)].append(action)
                case .shard, .nowhere: break
                }
            }
        }
        if !heard.isEmpty { taps.offer(heard) }
        batch.send()
        for (handle, actions) in zip(shards, local) where !actions.isEmpty {
            handle.loop.execute { _ = handle.shard.value.perform(actions) }
        }
    }
}

/// What goes to other nodes, gathered as long as the order among publications and actions of a connection is kept.
private struct RemoteBatch {
    let broker: any Broker
    private var broadcasts: [Broadcast] = []
    private var actions: [NodeName: [Action]] = [:]

    init(broker: any Broker) { self.broker = broker }

    /// An action before a publication goes before it.
    mutating func add(_ broadcast: Broadcast) {
        if !actions.isEmpty { send() }
        broadcasts.append(broadcast)
    }

    mutating func add(_ action: Action, on node: NodeName) { actions[node, default: []].append(action) }

    mutating func send() {
        if !broadcasts.isEmpty { broker.broadcast(broadcasts) }
        for (node, actions) in actions { broker.send(actions, to: node, answer: nil) }
        broadcasts = []
        actions = [:]
    }
}
