// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where an action must be carried out.
package enum Destination: Equatable, Sendable {
    /// On every event loop of every node.
    case everywhere(Broadcast)
    /// On one event loop of this node.
    case shard(UInt16)
    case node(NodeName)
    /// On any event loop of this node.
    case anyShard
    /// It names no connection where one is needed.
    case nowhere

    package static func of(_ action: Action, on node: NodeName) -> Destination {
        switch action {
        case .publish(let publication): .everywhere(.message(publication))
        case .closeChannel(let channel, let code, let reason): .everywhere(.close(channel, code, reason: reason))
        case .dial: .anyShard
        case .send, .close, .subscribe, .unsubscribe, .setState, .control, .accept, .reject, .askAgain, .took: of(action.target, on: node)
        }
    }

    private static func of(_ id: ConnectionID?, on node: NodeName) -> Destination {
        guard let id else { return .nowhere }
        return id.node == node ? .shard(id.shard) : .node(id.node)
    }
}
