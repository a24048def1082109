// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Carrying out the actions of an app's answer, which may concern any connection in the cluster.
extension HubShard {
    func perform(_ action: Action, from connection: Connection) {
        guard let target = action.target else {
            switch Destination.of(action, on: hub.broker.node) {
            case .everywhere(let cast):
                if case .message(let publication) = cast {
                    guard hub.admit(publication) else { return }
                    connection.route.counters.publications += 1
                }
                broadcast(cast)
            case .shard, .node, .nowhere: _ = connection.perform(action)
            }
            return
        }
        if target == connection.id {
            _ = connection.perform(action)
        } else if target.node == hub.broker.node, target.shard == index {
            _ = self.connection(target)?.perform(action)
        } else {
            // The one task of this path: the action leaves the loop, and nobody waits for its result.
            let hub = hub!
            Task { _ = await hub.perform([action]) }
        }
    }
}
