// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What became of the connections of lost nodes whose apps this node is to tell.
package struct LostConnectionCounters: Sendable {
    /// The label `outcome` of `holdfast_lost_node_connections_total`.
    package enum Outcome: String, CaseIterable, Sendable {
        /// The app was told of the end.
        case told
        /// No attempt brought an answer within `webhook.closeBudget`.
        case gaveUp
        /// This node does not have the connection's route.
        case noRoute
        /// More waited than a node keeps.
        case noRoom
        /// It waited for its turn for too long.
        case expired
        /// What the other node kept is not understood.
        case unreadable
    }

    private var counts: [Outcome: Int] = [:]
    /// Those whose app is yet to be told.
    package var waiting = 0

    package subscript(outcome: Outcome) -> Int { counts[outcome] ?? 0 }

    var total: Int { counts.values.reduce(0, +) }

    mutating func count(_ outcome: Outcome) { counts[outcome, default: 0] += 1 }

    mutating func add(_ other: LostConnectionCounters) {
        counts.merge(other.counts, uniquingKeysWith: +)
        waiting += other.waiting
    }
}
