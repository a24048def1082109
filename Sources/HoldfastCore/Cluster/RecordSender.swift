// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Has this node's guardian keep a record of each of its connections: a list of all, page by page, and each change from then on.
///
/// While a new guardian gets its list, the one before it goes on hearing of changes: at any time one of them knows all.
package struct RecordSender: Sendable {
    package enum Order: Equatable, Sendable {
        case tell(NodeName, NodeMessage)
        /// The gateway is asked for records; they are handed to ``fetched(_:listing:)``.
        case fetch(after: ConnectionID?, limit: Int, listing: UInt64)
    }

    private struct Stream: Equatable {
        let guardian: NodeInstance
        let listing: UInt64
        private var index: UInt64 = 0

        init(guardian: NodeInstance, listing: UInt64) {
            self.guardian = guardian
            self.listing = listing
        }

        mutating func send(_ changes: [RecordChange], isComplete: Bool) -> Order {
            defer { index += 1 }
            return .tell(guardian.name, .records(RecordBatch(listing: listing, index: index, isComplete: isComplete, changes: changes)))
        }

        var end: Order { .tell(guardian.name, .forgetRecords(listing: listing)) }
    }

    /// How many records are fetched at a time.
    package static let pageSize = RecordPage.maxCount

    /// The one that keeps, or is getting, the records.
    private var current: Stream?
    /// The one before it, which knows all until `current` does.
    private var previous: Stream?
    private var isComplete = false
    private var lastListing: UInt64 = 0
    private var cursor: ConnectionID?
    private var isFetching = false
    /// When the guardian was last told something, or nothing, so that it sees what it missed.
    private var checkedAt: MonotonicTime?
    private let checkInterval: Duration
    /// What changed while a page was on its way: the page may be older.
    private var touched: Set<ConnectionID> = []

    /// - Parameter checkInterval: how often a guardian that has everything is told so.
    package init(checkInterval: Duration) { self.checkInterval = checkInterval }

    /// Who keeps the records from now on; `nil` for nobody.
    package mutating func change(guardian: NodeInstance?) -> [Order] {
        guard guardian != current?.guardian else { return [] }
        guard let guardian else {
            current = nil
            previous = nil
            return []
        }
        var orders: [Order] = []
        if let current {
            if isComplete { previous = current } else { orders.append(current.end) }
        }
        if let previous, previous.guardian == guardian {
            current = previous
            self.previous = nil
            isComplete = true
            isFetching = false
            return orders
        }
        begin(guardian)
        return orders
    }

    /// A node is gone, with what it kept.
    package mutating func gone(_ instance: NodeInstance) {
        if previous?.guardian == instance { previous = nil }
        if current?.guardian == instance {
            current = nil
            isFetching = false
        }
    }

    /// The guardian misses some.
    package mutating func wanted(by instance: NodeInstance) {
        guard current?.guardian == instance else { return }
        begin(instance)
    }

    package mutating func keep(_ changes: [RecordChange]) -> [Order] {
        guard current != nil, !changes.isEmpty else { return [] }
        if isFetching { for change in changes { touched.insert(change.id) } }
        var orders: [Order] = []
        for batch in Self.batches(of: changes) {
            orders += [previous?.send(batch, isComplete: true), current?.send(batch, isComplete: isComplete)].compactMap(\.self)
        }
        return orders
    }

    /// Asks for the next page, one at a time.
    package mutating func tick(at now: MonotonicTime) -> [Order] {
        guard !isComplete else {
            guard let last = checkedAt, now.since(last) < checkInterval else {
                defer { checkedAt = now }
                return checkedAt == nil ? [] : [current?.send([], isComplete: true)].compactMap(\.self)
            }
            return []
        }
        guard let current, !isFetching else { return [] }
        isFetching = true
        touched = []
        return [.fetch(after: cursor, limit: Self.pageSize, listing: current.listing)]
    }

    package mutating func fetched(_ records: [ConnectionRecord], listing: UInt64) -> [Order] {
        guard isFetching, var stream = current, stream.listing == listing else { return [] }
        isFetching = false
        cursor = records.last?.id
        isComplete = records.count < Self.pageSize
        let batches = Self.batches(of: records.filter { !touched.contains($0.id) }.map(RecordChange.set))
        touched = []
        var orders: [Order] = []
        for (place, batch) in batches.enumerated() {
            orders.append(stream.send(batch, isComplete: isComplete && place == batches.count - 1))
        }
        current = stream
        if isComplete, let previous {
            self.previous = nil
            orders.append(previous.end)
        }
        return orders
    }

    private mutating func begin(_ guardian: NodeInstance) {
        lastListing += 1
        current = Stream(guardian: guardian, listing: lastListing)
        isComplete = false
        isFetching = false
        cursor = nil
        checkedAt = nil
    }

    /// Changes in pieces of a message each; one empty piece for none.
    private static func batches(of changes: [RecordChange]) -> [[RecordChange]] {
        var batches: [[RecordChange]] = []
        var rest = changes[...]
        while !rest.isEmpty {
            let count = RecordPage.end(of: rest) { if case .set(let record) = $0 { record.bytes.readableBytes } else { 0 } }
            batches.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return batches.isEmpty ? [[]] : batches
    }
}

extension RecordChange {
    /// The connection that it is about.
    package var id: ConnectionID {
        switch self {
        case .set(let record): record.id
        case .remove(let id): id
        }
    }
}
