// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Which connections of an event loop have a record on another node, and whose record is out of date there: a byte a slot, and nothing in the
/// connection. However often a connection changes, it is sent once for each time that the changes are taken.
package struct RecordChanges: Sendable {
    private struct Mark: OptionSet {
        let rawValue: UInt8

        /// Should its node be lost, the app is to be told of its end.
        static let wanted = Mark(rawValue: 1)
        /// The record on the other node is not what it is now.
        static let changed = Mark(rawValue: 2)
        /// There may be a record on the other node.
        static let sent = Mark(rawValue: 4)
    }

    /// By slot.
    private var marks: [Mark] = []
    /// Slots with changes, in the order in which they changed first. Some have none any more.
    private var changed: Deque<UInt32> = []
    private var removed: [ConnectionID] = []

    package init() {}

    /// Whether there is anything to send.
    package var isEmpty: Bool { changed.isEmpty && removed.isEmpty }

    /// Whether a connection is to have a record.
    package func holds(_ slot: UInt32) -> Bool { mark(slot).contains(.wanted) }

    /// A connection is to have a record from now on, or has another one.
    package mutating func keep(_ slot: UInt32) {
        if marks.count <= Int(slot) { marks.append(contentsOf: repeatElement([], count: Int(slot) + 1 - marks.count)) }
        marks[Int(slot)].insert(.wanted)
        change(slot)
    }

    /// What the record of a connection holds has changed, if it has one.
    package mutating func change(_ slot: UInt32) {
        guard holds(slot), marks[Int(slot)].insert(.changed).inserted else { return }
        changed.append(slot)
    }

    /// The app has been told of a connection's end, or need not be.
    package mutating func drop(_ id: ConnectionID) {
        if mark(id.slot).contains([.wanted, .sent]) { removed.append(id) }
        forget(id.slot)
    }

    /// The app has been told by another node, which needs the record no more.
    package mutating func forget(_ slot: UInt32) {
        if Int(slot) < marks.count { marks[Int(slot)] = [] }
    }

    /// The record of a connection goes into a list for another node. A change that waits still goes out: the list leaves out what has changed
    /// since it was asked for.
    package mutating func listed(_ slot: UInt32) {
        if holds(slot) { marks[Int(slot)].insert(.sent) }
    }

    /// The connections whose record is no longer needed.
    package mutating func takeRemoved() -> [ConnectionID] {
        defer { removed = [] }
        return removed
    }

    /// The next connection whose record is to be sent; from now on it counts as sent.
    package mutating func next() -> UInt32? {
        while let slot = changed.popFirst() {
            guard mark(slot).contains(.changed) else { continue }
            marks[Int(slot)].remove(.changed)
            listed(slot)
            return slot
        }
        return nil
    }

    /// Nobody is there to keep anything: whoever comes is given all records as they are then.
    package mutating func skip() {
        for slot in changed where mark(slot).contains(.changed) { marks[Int(slot)].remove(.changed) }
        changed = []
        removed = []
    }

    private func mark(_ slot: UInt32) -> Mark { Int(slot) < marks.count ? marks[Int(slot)] : [] }
}
