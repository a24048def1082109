// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOCore

/// Has another node keep what is needed to tell the apps of the end of one loop's connections: sends what has changed, once a tick.
///
/// A loop has one only where other nodes can tell: what there is to note costs a node that stands alone nothing.
final class RecordKeeper {
    /// What one tick sends at most; the rest goes with the next. More comes only of many connections at a time.
    static let mostPerTick = 1000
    static let mostBytesPerTick = 256 << 10

    private let broker: any Broker
    private let logger: Logger
    private var changes = RecordChanges()
    private var tooLarge = LogGate(every: .seconds(60))

    init(_ broker: any Broker, _ logger: Logger) {
        self.broker = broker
        self.logger = logger
    }

    // MARK: Facts of connections

    /// From now on the app may believe in a connection, and is to be told of its end; or its record is another one.
    func keep(_ connection: Connection) {
        if connection.route.tellsEnds { changes.keep(connection.id.slot) }
    }

    func changed(_ connection: Connection) { changes.change(connection.id.slot) }

    func channelsChanged(of connection: Connection) {
        if connection.route.traits.tellsChannelsAtEnd { changes.change(connection.id.slot) }
    }

    /// The app has been told, or need not be.
    func drop(_ id: ConnectionID) { changes.drop(id) }

    /// Another node has told the app.
    func forget(_ id: ConnectionID) { changes.forget(id.slot) }

    func holds(_ id: ConnectionID) -> Bool { changes.holds(id.slot) }

    // MARK: To other nodes

    func flush(_ shard: HubShard) {
        guard !changes.isEmpty else { return }
        guard !broker.members.isEmpty else { return changes.skip() }
        var list = changes.takeRemoved().map(RecordChange.remove)
        var bytes = 0
        var count = 0
        while count < Self.mostPerTick, bytes < Self.mostBytesPerTick, let slot = changes.next() {
            guard let connection = shard.member(slot) as? Connection, let record = record(of: connection, on: shard) else { continue }
            list.append(.set(record))
            bytes += record.bytes.readableBytes
            count += 1
        }
        if !list.isEmpty { broker.keep(list) }
    }

    /// Records behind a slot, in slot order, for a node that has none yet.
    func page(after slot: UInt32?, limit: Int, of shard: HubShard) -> [ConnectionRecord] {
        var page: [ConnectionRecord] = []
        for case let connection as Connection in shard.members(after: slot) where holds(connection.id) {
            guard page.count < limit else { break }
            guard let record = record(of: connection, on: shard) else { continue }
            changes.listed(connection.id.slot)
            page.append(record)
        }
        return page
    }

    private func record(of connection: Connection, on shard: HubShard) -> ConnectionRecord? {
        if let record = connection.record.encoded { return record }
        if let held = tooLarge.pass(at: shard.now) {
            logger.warning(
                "should this node be lost, the app is not told of a connection's end: what must be kept of it is too large",
                metadata: [LogKey.connection: "\(connection.facts.idText)", LogKey.count: "\(held + 1)"])
        }
        return nil
    }
}

extension Connection {
    /// What another node needs to tell the app of its end.
    var record: SessionRecord {
        SessionRecord(
            facts: facts, chosenProtocol: chosenProtocol, state: state, channels: route.traits.tellsChannelsAtEnd ? channels : [], trace: trace,
            isTrusted: isTrusted)
    }
}
