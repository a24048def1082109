// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Remembers which publications were seen lately, so that a repeated one is not delivered again.
///
/// Bounded: at ``maxEntries`` the oldest is forgotten early.
package struct DeduplicationWindow: Sendable {
    private struct Key: Hashable, Sendable {
        let channel: ChannelName
        let id: ExactText
    }

    /// How long an id is remembered.
    package static let span = Duration.seconds(60)
    /// How many ids are remembered at most.
    package static let maxEntries = 100_000

    private var seen: Set<Key> = []
    private var order: Deque<(key: Key, at: MonotonicTime)> = []

    package init() {}

    /// - Returns: whether this channel and id are new; they are then remembered.
    package mutating func admit(channel: ChannelName, id: String, at now: MonotonicTime) -> Bool {
        while let oldest = order.first, now.since(oldest.at) >= Self.span || order.count > Self.maxEntries {
            seen.remove(oldest.key)
            order.removeFirst()
        }
        let key = Key(channel: channel, id: ExactText(id))
        guard seen.insert(key).inserted else { return false }
        order.append((key, now))
        return true
    }
}
