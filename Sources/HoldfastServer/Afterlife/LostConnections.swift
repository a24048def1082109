// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOCore

/// One event loop's part of the connections of lost nodes: few are told of at a time, the rest waits as bytes.
final class LostConnections {
    /// Bytes that wait on a node at most, over all loops. What does not fit is not told.
    static let mostBytes = 128 << 20

    /// The connections of one route.
    private final class Line {
        let route: ShardRoute
        var waiting = LostRecordQueue()
        var underWay: [LostConnection] = []
        var isFilling = false

        init(_ route: ShardRoute) { self.route = route }
    }

    private(set) var counters = LostConnectionCounters()
    private unowned let shard: HubShard
    private var lines: [String: Line] = [:]
    /// What was counted before the nodes that are being told of; `nil` while there is none.
    private var before: LostConnectionCounters?
    /// When there is taken to be nothing more to come.
    private var doneAt: MonotonicTime?
    private var noRoute = LogGate(every: .seconds(60))
    private var notTold = LogGate(every: .seconds(60))

    init(_ shard: HubShard) { self.shard = shard }

    /// Connections whose app is yet to be told.
    var count: Int { counters.waiting }

    /// Those that are being told of at the moment.
    var underWay: Int { lines.values.reduce(0) { $0 + $1.underWay.count } }

    /// Records of a lost node, of which this loop is to tell.
    func take(_ records: [ConnectionRecord], of node: NodeName) {
        doneAt = nil
        if before == nil {
            before = counters
            shard.logger.debug(
                "a node was lost; the apps are told of the end of its connections", metadata: [LogKey.node: "\(node)", LogKey.loop: "\(shard.index)"])
        }
        for record in records {
            guard let name = SessionRecord.route(of: record) else {
                giveUp(.unreadable, node)
                continue
            }
            guard let line = line(name) else {
                counters.count(.noRoute)
                if let held = noRoute.pass(at: shard.now) {
                    shard.logger.error(
                        "connections of a lost node were on a route that this node does not have: their app is not told",
                        metadata: [LogKey.node: "\(node)", LogKey.route: "\(name)", LogKey.count: "\(held + 1)"])
                }
                continue
            }
            guard line.route.tellsEnds else { continue }
            let room = Self.mostBytes / shard.hub.shards.count - lines.values.reduce(0) { $0 + $1.waiting.bytes }
            guard line.waiting.add(record, at: shard.now, room: room) else {
                giveUp(.noRoom, node)
                continue
            }
            counters.waiting += 1
        }
        for line in lines.values { fill(line) }
    }

    func ticked(at now: MonotonicTime) {
        guard let before else { return }
        guard counters.waiting > 0 else { return finish(before, at: now) }
        for line in lines.values {
            for connection in line.underWay { if let due = connection.retryAt, due <= now { connection.begin() } }
            let expired = line.waiting.expire(at: now)
            counters.waiting -= expired
            for _ in 0..<expired { giveUp(.expired, nil) }
        }
    }

    // MARK: Inside

    /// The connections of a route here; `nil` where there is no such route.
    private func line(_ name: String) -> Line? {
        if let line = lines[name] { return line }
        guard let route = shard.courier.routes.first(where: { $0.configuration.name == name }) else { return nil }
        let line = Line(route)
        lines[name] = line
        return line
    }

    /// How many of a route are told of at a time: a quarter of the loop's share of its webhooks, so that those who live are heard.
    private func limit(of route: ShardRoute) -> Int { max(1, route.configuration.webhook.concurrency / (4 * shard.hub.shards.count)) }

    private func fill(_ line: Line) {
        // What comes to its end at once is met in this loop, not in another one inside it.
        guard !line.isFilling else { return }
        line.isFilling = true
        let limit = limit(of: line.route)
        while line.underWay.count < limit, let bytes = line.waiting.next() {
            guard let record = SessionRecord(bytes) else {
                counters.waiting -= 1
                giveUp(.unreadable, bytes.id.node)
                continue
            }
            let connection = LostConnection(record, route: line.route, shard: shard) { [unowned self] in ended($0, $1, line) }
            line.underWay.append(connection)
            connection.begin()
        }
        line.isFilling = false
    }

    private func ended(_ connection: LostConnection, _ outcome: LostConnection.Outcome, _ line: Line) {
        if let place = line.underWay.firstIndex(where: { $0 === connection }) { line.underWay.remove(at: place) }
        counters.waiting -= 1
        counters.count(outcome == .told ? .told : .gaveUp)
        fill(line)
    }

    /// The app of a connection is not told of its end.
    private func giveUp(_ outcome: LostConnectionCounters.Outcome, _ node: NodeName?) {
        counters.count(outcome)
        guard let held = notTold.pass(at: shard.now) else { return }
        var metadata: Logger.Metadata = [LogKey.reason: "\(outcome.rawValue)", LogKey.count: "\(held + 1)"]
        if let node { metadata[LogKey.node] = "\(node)" }
        shard.logger.error("an app is not told of the end of connections of a lost node", metadata: metadata)
    }

    /// Nothing is left to do. More of the same node may be on its way.
    private func finish(_ before: LostConnectionCounters, at now: MonotonicTime) {
        guard let doneAt else { return doneAt = now + .seconds(1) }
        guard now >= doneAt else { return }
        self.doneAt = nil
        self.before = nil
        let told = counters[.told] - before[.told]
        let all = counters.total - before.total
        shard.logger.info(
            "the apps were told of the end of a lost node's connections",
            metadata: [LogKey.count: "\(told)", LogKey.failed: "\(all - told)", LogKey.loop: "\(shard.index)"])
    }
}
