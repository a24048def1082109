// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One event loop's numbers at the moment of a scrape.
package struct ShardReport: Sendable {
    package var routes: [String: RouteCounters] = [:]
    /// Webhooks that wait for a free place, per route.
    package var queueDepth: [String: Int] = [:]
    package var subscriptions = 0
    package var sendQueueBytes = 0
    package var fanoutSeconds = Histogram()
    package var refused: [HandshakeRefusal: Int] = [:]
    /// Connections of lost nodes whose apps were told here, or not.
    package var lostConnections = LostConnectionCounters()
    /// Publications through the control API.
    package var controlPublications = 0

    package mutating func add(_ other: ShardReport) {
        for (name, counters) in other.routes { routes[name, default: RouteCounters()].add(counters) }
        queueDepth.merge(other.queueDepth, uniquingKeysWith: +)
        subscriptions += other.subscriptions
        sendQueueBytes += other.sendQueueBytes
        fanoutSeconds.add(other.fanoutSeconds)
        refused.merge(other.refused, uniquingKeysWith: +)
        lostConnections.add(other.lostConnections)
    }
}
