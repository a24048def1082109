// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Which channels this node wants to hear. One without subscribers stays wanted for a while: whoever comes back at once finds it as it was.
package struct InterestBook: Sendable {
    private let linger: Duration
    private var wanted: Set<ChannelName> = []
    /// Channels without subscribers, and until when they are wanted.
    private var lingering: [ChannelName: MonotonicTime] = [:]
    /// In the order in which they end. Some have subscribers again.
    private var ends: Deque<(channel: ChannelName, at: MonotonicTime)> = []

    package init(linger: Duration) { self.linger = linger }

    /// How many channels are wanted.
    package var count: Int { wanted.count }

    /// How many ends are remembered, those that do not count any more among them.
    var remembered: Int { ends.count }

    package func isWanted(_ channel: ChannelName) -> Bool { wanted.contains(channel) }

    /// A channel has its first subscriber.
    ///
    /// - Returns: whether it is to be asked for.
    package mutating func began(_ channel: ChannelName) -> Bool {
        lingering[channel] = nil
        return wanted.insert(channel).inserted
    }

    /// A channel has lost its last subscriber.
    package mutating func ended(_ channel: ChannelName, at now: MonotonicTime) {
        guard wanted.contains(channel), lingering[channel] == nil else { return }
        let end = now + linger
        lingering[channel] = end
        ends.append((channel, end))
        // Those that come and go leave entries behind, for as long as they linger.
        if ends.count > 2 * lingering.count + 64 { ends = Deque(ends.filter { lingering[$0.channel] == $0.at }) }
    }

    /// Channels that are not wanted any more.
    package mutating func due(at now: MonotonicTime) -> [ChannelName] {
        var due: [ChannelName] = []
        while let first = ends.first, first.at <= now {
            ends.removeFirst()
            guard lingering[first.channel] == first.at else { continue }
            lingering[first.channel] = nil
            wanted.remove(first.channel)
            due.append(first.channel)
        }
        return due
    }
}
