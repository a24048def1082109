// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import NIOCore
import Synchronization

/// What the hub shows of itself. Cold paths: each asks every event loop and waits.
extension Hub {
    /// The connection of that id on this node.
    ///
    /// - Parameter mustBeOpen: whether one whose app has not decided yet counts as none.
    package func connection(_ id: ConnectionID, mustBeOpen: Bool = false) async -> ConnectionSummary? {
        guard id.node == broker.node, Int(id.shard) < shards.count else { return nil }
        let handle = shards[Int(id.shard)]
        return try? await handle.loop.submit {
            handle.shard.value.connection(id).flatMap { $0.isOpen || !mustBeOpen ? $0.summary : nil }
        }.get()
    }

    /// Open connections in a stable order, behind `cursor`.
    ///
    /// - Parameters:
    ///   - route: only those of this route.
    ///   - channel: only subscribers of this channel.
    package func connections(after cursor: ConnectionID?, limit: Int, route: String? = nil, channel: ChannelName? = nil) async -> [ConnectionSummary]
    {
        var page: [ConnectionSummary] = []
        for (index, handle) in shards.enumerated() where index >= Int(cursor?.shard ?? 0) {
            let slot = cursor.flatMap { Int($0.shard) == index ? $0.slot : nil }
            let room = limit - page.count
            guard room > 0 else { break }
            let found = try? await handle.loop.submit {
                handle.shard.value.connections(after: slot)
                    .filter { (route == nil || $0.facts.route == route) && (channel.map($0.channels.contains) ?? true) }
                    .prefix(room).map(\.summary)
            }.get()
            page += found ?? []
        }
        return page
    }

    /// Channels of this node with their subscribers, by name, behind a name.
    package func channels(after cursor: ChannelName?, limit: Int) async -> [ChannelCount] {
        let pending = shards.map { handle in handle.loop.submit { handle.shard.value.channels(after: cursor, limit: limit) } }
        var channels = FirstChannels(after: cursor, limit: limit)
        for future in pending { channels.add((try? await future.get()) ?? []) }
        return channels.first
    }

    /// Subscribers of a channel on this node.
    package func subscriberCount(of channel: ChannelName) async -> Int {
        let pending = shards.map { handle in handle.loop.submit { handle.shard.value.subscriberCount(of: channel) } }
        var count = 0
        for future in pending { count += (try? await future.get()) ?? 0 }
        return count
    }

    /// Open connections of this node.
    package func connectionCount() async -> Int {
        let pending = shards.map { handle in handle.loop.submit { handle.shard.value.connectionCount } }
        var count = 0
        for future in pending { count += (try? await future.get()) ?? 0 }
        return count
    }

    /// The numbers of all event loops.
    package func report() async -> ShardReport {
        var report = ShardReport()
        report.controlPublications = controlPublications.load(ordering: .relaxed)
        for handle in shards {
            if let part = try? await handle.loop.submit({ handle.shard.value.report() }).get() { report.add(part) }
        }
        return report
    }
}
