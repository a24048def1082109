// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging

/// Carrying out the actions of an app's answer, which may concern any connection in the cluster.
extension HubShard {
    /// Does what concerns this loop at once, and hands the rest over at the end of the turn, in order.
    func perform(_ action: Action, from connection: Connection) {
        if action.isForAnswered || action.target == connection.id {
            _ = connection.perform(action)
            return
        }
        perform(action, on: connection.route) { connection.warn($0) }
    }

    /// Does what does not concern the connection whose app has answered, which may be one of a node that was lost.
    func perform(_ action: Action, ofLost id: ConnectionID, on route: ShardRoute) {
        guard !action.isForAnswered, action.target != id else { return }
        perform(action, on: route) {
            guard let held = route.warnings.pass(at: now) else { return }
            var metadata: Logger.Metadata = [LogKey.connection: "\(id)", LogKey.error: "\($0)"]
            if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
            logger.warning("a part of the app's answer has no effect", metadata: metadata)
        }
    }

    private func perform(_ action: Action, on route: ShardRoute, warn: (String) -> Void) {
        switch Destination.of(action, on: hub.broker.node) {
        case .everywhere(let broadcast):
            guard case .message(let publication) = broadcast else {
                _ = deliver(broadcast)
                return handOver(action)
            }
            guard hub.admit(publication) else { return }
            route.counters.publications += 1
            guard publication.hasPlace else {
                _ = deliver(broadcast)
                return handOver(action)
            }
            handOver(.elsewhere(publication))
            for next in hub.inOrder(publication) {
                _ = deliver(.message(next))
                handOver(.here(next))
            }
        case .shard(index): _ = perform(action)
        case .anyShard:
            guard case .dial(let request, _) = action else { return }
            if case .refused(let why) = dial(request, on: route) { warn("\(request.url.withoutQuery) is not dialled: \(why)") }
        case .shard, .node: handOver(action)
        case .nowhere: break
        }
    }
}

extension Action {
    /// Whether it concerns a connection and names none: then it is for the one whose event was answered.
    fileprivate var isForAnswered: Bool {
        switch self {
        case .send, .close, .subscribe, .unsubscribe, .setState, .control: target == nil
        case .accept, .reject, .publish, .closeChannel, .dial, .askAgain, .took: false
        }
    }
}
