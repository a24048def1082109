// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which event loops of a node have somebody who hears a channel.
package struct ChannelInterest: Sendable {
    /// A set of event loops. From the 64th on they count as one.
    package struct Loops: Equatable, Sendable {
        private var bits: UInt64 = 0

        package init() {}

        package var isEmpty: Bool { bits == 0 }

        package func contains(_ loop: Int) -> Bool { bits & Self.bit(loop) != 0 }

        package mutating func insert(_ loop: Int) { bits |= Self.bit(loop) }

        /// One that others may share is kept.
        package mutating func remove(_ loop: Int) { if loop < 63 { bits &= ~Self.bit(loop) } }

        package mutating func formUnion(_ others: Loops) { bits |= others.bits }

        private static func bit(_ loop: Int) -> UInt64 { 1 << UInt64(min(loop, 63)) }
    }

    private struct Interest {
        var count = 0
        var loops = Loops()
    }

    private var channels: [ChannelName: Interest] = [:]

    package init() {}

    /// Somebody begins to hear a channel: the first on a loop, or one who listens without a loop.
    ///
    /// - Returns: whether nobody did before.
    package mutating func begin(_ channel: ChannelName, on loop: Int?) -> Bool {
        channels[channel, default: Interest()].count += 1
        if let loop { channels[channel]?.loops.insert(loop) }
        return channels[channel]?.count == 1
    }

    /// The last on a loop has stopped, or one without a loop.
    ///
    /// - Returns: whether nobody is left.
    package mutating func end(_ channel: ChannelName, on loop: Int?) -> Bool {
        guard let interest = channels[channel] else { return false }
        guard interest.count > 1 else {
            channels[channel] = nil
            return true
        }
        channels[channel]?.count -= 1
        if let loop { channels[channel]?.loops.remove(loop) }
        return false
    }

    package func isHeard(_ channel: ChannelName) -> Bool { channels[channel] != nil }

    /// The loops that have somebody on a channel.
    package func loops(of channel: ChannelName) -> Loops { channels[channel]?.loops ?? Loops() }
}
