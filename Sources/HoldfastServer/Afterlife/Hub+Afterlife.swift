// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import Logging
import NIOCore

/// What other nodes want when a node is lost, or was taken for lost.
extension Hub {
    package func lost(_ records: [ConnectionRecord], of node: NodeName) {
        var parts = [[ConnectionRecord]](repeating: [], count: shards.count)
        for record in records { parts[Int(record.id.stamp % UInt64(shards.count))].append(record) }
        for (handle, part) in zip(shards, parts) where !part.isEmpty {
            handle.loop.execute { handle.shard.value.lost.take(part, of: node) }
        }
    }

    package func buried(_ connections: [ConnectionID]) {
        var parts = [[ConnectionID]](repeating: [], count: shards.count)
        for id in connections where id.node == broker.node && Int(id.shard) < shards.count { parts[Int(id.shard)].append(id) }
        let spread = min(configuration.drainSpread, configuration.drainDeadline / 4)
        for (handle, part) in zip(shards, parts) where !part.isEmpty {
            handle.loop.execute { handle.shard.value.takenOver(part, within: spread) }
        }
    }

    package func records(after cursor: ConnectionID?, limit: Int) async -> [ConnectionRecord] {
        var page: [ConnectionRecord] = []
        for (index, handle) in shards.enumerated() where index >= Int(cursor?.shard ?? 0) {
            let slot = cursor.flatMap { Int($0.shard) == index ? $0.slot : nil }
            let room = limit - page.count
            guard room > 0 else { break }
            page += (try? await handle.loop.submit { handle.shard.value.recordPage(after: slot, limit: room) }.get()) ?? []
        }
        return page
    }
}

extension HubShard {
    /// Records of this loop's connections behind a slot, in slot order.
    func recordPage(after slot: UInt32?, limit: Int) -> [ConnectionRecord] { records?.page(after: slot, limit: limit, of: self) ?? [] }

    /// Another node has told the apps that these connections have ended: they end, each within `spread` so that their clients do not all come back
    /// at once, and their apps hear no more of them.
    func takenOver(_ ids: [ConnectionID], within spread: Duration) {
        var count = 0
        for id in ids {
            guard let connection = member(id.slot) as? Connection, connection.id == id, records?.holds(id) == true else { continue }
            records?.forget(id)
            connection.takenOver(at: .current + .nanoseconds(Int64.random(in: 0...spread.inNanoseconds, using: &quickRandom)))
            count += 1
        }
        guard count > 0 else { return }
        logger.warning(
            "the other nodes took this one for lost and have told the apps of the end of its connections: they are closed",
            metadata: [LogKey.count: "\(count)", LogKey.loop: "\(index)"])
    }
}
