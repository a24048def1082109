// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Picks the channels of one page out of many, and adds up what several loops and nodes have of each.
///
/// Each source may give no more than the first ``limit`` of its channels: a channel among the first of all is among the first of each that has it.
package struct FirstChannels: Sendable {
    /// How many are kept.
    package let limit: Int
    private let cursor: String?
    /// What is behind it is not among the first.
    private var bound: String?
    private var counts: [ChannelName: Int] = [:]

    /// - Parameter cursor: only channels behind this name.
    package init(after cursor: ChannelName?, limit: Int) {
        self.cursor = cursor?.description
        self.limit = max(0, limit)
    }

    package mutating func add(_ name: ChannelName, _ subscribers: Int) {
        let text = name.description
        if let cursor, text <= cursor { return }
        if let bound, text > bound { return }
        counts[name, default: 0] += subscribers
        // Rarely, so that it costs little for each.
        if counts.count > 2 * limit + 64 { cut() }
    }

    package mutating func add(_ others: some Sequence<ChannelCount>) {
        for other in others { add(other.name, other.subscribers) }
    }

    /// The first of them, by name.
    package var first: [ChannelCount] {
        let sorted = counts.map { ChannelCount(name: $0.key, subscribers: $0.value) }.sorted { $0.name.description < $1.name.description }
        return Array(sorted.prefix(limit))
    }

    private mutating func cut() {
        let kept = first
        counts = Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0.subscribers) })
        // With none kept, nothing is behind an empty text but everything.
        bound = kept.last?.name.description ?? ""
    }
}
