// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOConcurrencyHelpers
import Synchronization

/// What is known of the broker and the other nodes, and of this one as they are to know it: looked at ten times a second, for those who must not ask
/// each time, or cannot wait for an answer.
final class BrokerWatch: Sendable {
    private let broker: any Broker
    private let others = Atomic<Int>(0)
    /// In nanoseconds; 0 while the broker is up.
    private let downSince = Atomic<Int64>(0)

    private struct Standing {
        /// By event loop.
        var connections: [Int]
        var isDraining = false
    }

    private let own: NIOLockedValueBox<Standing>

    init(_ broker: any Broker, loops: Int) {
        self.broker = broker
        own = NIOLockedValueBox(Standing(connections: Array(repeating: 0, count: loops)))
    }

    /// How an event loop does.
    func note(connections: Int, isDraining: Bool, on loop: Int) {
        own.withLockedValue { own in
            own.connections[loop] = connections
            own.isDraining = isDraining
        }
    }

    /// How this node does.
    var standing: NodeStanding {
        own.withLockedValue { NodeStanding(connections: $0.connections.reduce(0, +), isDraining: $0.isDraining) }
    }

    func look(at now: MonotonicTime) {
        let isUp = broker.isUp
        if isUp {
            downSince.store(0, ordering: .relaxed)
        } else {
            _ = downSince.compareExchange(expected: 0, desired: max(1, now.nanoseconds), ordering: .relaxed)
        }
        others.store(broker.members.count, ordering: .relaxed)
    }

    /// How many nodes a publication is carried to, with this one: all that hear of its channel. `nil` where there is no other.
    var reach: Int? {
        let others = others.load(ordering: .relaxed)
        guard others > 0 else { return nil }
        return downSince.load(ordering: .relaxed) == 0 ? 1 + others : 1
    }

    /// How long the broker has been away; `nil` while it is there.
    func absence(at now: MonotonicTime) -> Duration? {
        let since = downSince.load(ordering: .relaxed)
        // It may have come back since it was looked at.
        return since == 0 || broker.isUp ? nil : now.since(MonotonicTime(nanoseconds: since))
    }
}
