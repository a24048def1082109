// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which subscribers a channel has on one event loop.
///
/// The other direction, a connection's channels, is kept by the connection itself; both change together, on the same loop.
package struct SubscriptionIndex<Subscriber> {
    /// A subscriber's number on its loop: its slot.
    package typealias Key = UInt32

    private var channels: [ChannelName: SubscriberList<Subscriber>] = [:]
    /// Subscriptions over all channels.
    package private(set) var count = 0

    package init() {}

    /// - Returns: whether the channel had no subscriber before: interest begins.
    package mutating func subscribe(_ subscriber: Subscriber, _ key: Key, to channel: ChannelName) -> Bool {
        guard channels[channel, default: SubscriberList()].insert(subscriber, key) else { return false }
        count += 1
        return channels[channel]?.count == 1
    }

    /// - Returns: whether the channel has no subscriber left: interest ends.
    package mutating func unsubscribe(_ key: Key, from channel: ChannelName) -> Bool {
        guard channels[channel]?.remove(key) == true else { return false }
        count -= 1
        guard channels[channel]?.isEmpty == true else { return false }
        channels[channel] = nil
        return true
    }

    /// The subscribers of a channel, each once, in no particular order; `nil` for none.
    package func subscribers(of channel: ChannelName) -> SubscriberList<Subscriber>? { channels[channel] }

    /// Every channel with its number of subscribers.
    package var counts: some Sequence<(name: ChannelName, subscribers: Int)> {
        channels.lazy.map { (name: $0.key, subscribers: $0.value.count) }
    }
}
