// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Records of one node, as one other node keeps them.
struct RecordCopy: Sendable {
    struct Kept: Sendable {
        let bytes: ByteBuffer
        /// The list that it was in last.
        let listing: UInt64
    }

    /// The list that is being filled, or is kept.
    var listing: UInt64
    var nextIndex: UInt64 = 0
    var isComplete = false
    /// Whether something of this list did not come.
    var hasGap = false
    /// When the node was asked for a new list.
    var askedAt: MonotonicTime?
    private(set) var records: [ConnectionID: Kept] = [:]
    private(set) var byteCount = 0

    init(listing: UInt64) { self.listing = listing }

    /// About what a record costs beside its bytes.
    private static let overhead = 160

    /// A new list begins. What the one before it had counts until this one is complete.
    mutating func begin(_ listing: UInt64) {
        self.listing = listing
        nextIndex = 0
        isComplete = false
        hasGap = false
    }

    mutating func set(_ record: ConnectionRecord) {
        remove(record.id)
        records[record.id] = Kept(bytes: record.bytes, listing: listing)
        byteCount += record.bytes.readableBytes + Self.overhead
    }

    mutating func remove(_ id: ConnectionID) {
        guard let kept = records.removeValue(forKey: id) else { return }
        byteCount -= kept.bytes.readableBytes + Self.overhead
    }

    /// All that this list has has come: what only an earlier one had is gone.
    mutating func complete() {
        guard !isComplete else { return }
        isComplete = true
        for (id, kept) in records where kept.listing != listing { remove(id) }
    }

    /// In the order of their ids.
    var sorted: [ConnectionRecord] {
        records.map { ($0.key.description, ConnectionRecord(id: $0.key, bytes: $0.value.bytes)) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
