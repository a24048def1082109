// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The subscribers of one channel on one event loop, side by side in memory: a publication visits them all.
///
/// Who comes is put at the end, and who leaves is replaced by the last: about the order in which they came, in which their memory lies, too.
package struct SubscriberList<Subscriber> {
    /// A subscriber's number on its loop: its slot.
    package typealias Key = UInt32

    /// A subscription.
    package struct Entry {
        package let key: Key
        package fileprivate(set) var subscriber: Subscriber
    }

    /// Up to so many are searched through.
    private static var mostSearched: Int { 16 }

    package private(set) var entries: [Entry] = []
    /// Where each is; empty while there are few.
    private var places: [Key: Int] = [:]

    init() {}

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }

    /// - Returns: whether it is new; else it has taken the place of its former self.
    mutating func insert(_ subscriber: Subscriber, _ key: Key) -> Bool {
        if let place = place(of: key) {
            entries[place].subscriber = subscriber
            return false
        }
        entries.append(Entry(key: key, subscriber: subscriber))
        if !places.isEmpty {
            places[key] = entries.count - 1
        } else if entries.count > Self.mostSearched {
            notePlaces()
        }
        return true
    }

    /// - Returns: whether it was there.
    mutating func remove(_ key: Key) -> Bool {
        guard let place = place(of: key) else { return false }
        let last = entries.removeLast()
        if place < entries.count { entries[place] = last }
        if !places.isEmpty {
            places[key] = nil
            if place < entries.count { places[last.key] = place }
        }
        if entries.capacity > Self.mostSearched, entries.count < entries.capacity / 4 { shrink() }
        return true
    }

    /// Memory for many is not kept for few.
    private mutating func shrink() {
        var fewer: [Entry] = []
        fewer.reserveCapacity(entries.count)
        fewer += entries
        entries = fewer
        places = [:]
        if entries.count > Self.mostSearched { notePlaces() }
    }

    private mutating func notePlaces() {
        places = Dictionary(uniqueKeysWithValues: entries.indices.map { (entries[$0].key, $0) })
    }

    private func place(of key: Key) -> Int? {
        places.isEmpty ? entries.firstIndex { $0.key == key } : places[key]
    }
}

extension SubscriberList: Sendable where Subscriber: Sendable {}
extension SubscriberList.Entry: Sendable where Subscriber: Sendable {}
