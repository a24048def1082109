// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The app's own key → value pairs on a connection: its memory, which comes back with every webhook.
package struct ConnectionState: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let key: String
        package let value: String
    }

    /// In the order in which the keys were first set.
    package private(set) var entries: [Entry] = []

    package init() {}

    /// - Parameter entries: each with a key of its own.
    init(_ entries: [Entry]) { self.entries = entries }

    package subscript(key: String) -> String? { entries.first { $0.key == key }?.value }

    /// Bytes of all keys and values.
    package var size: Int { entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } }

    /// The state after a patch.
    package func merging(_ patch: StatePatch) -> ConnectionState {
        var merged = self
        for change in patch.changes {
            let place = merged.entries.firstIndex { $0.key == change.key }
            switch (change.value, place) {
            case (let value?, let place?): merged.entries[place] = Entry(key: change.key, value: value)
            case (let value?, nil): merged.entries.append(Entry(key: change.key, value: value))
            case (nil, let place?): merged.entries.remove(at: place)
            case (nil, nil): break
            }
        }
        return merged
    }
}

/// Changes to a ``ConnectionState``: each sets a key, or with `nil` deletes it.
package struct StatePatch: Equatable, Sendable {
    package struct Change: Equatable, Sendable {
        package let key: String
        package let value: String?

        package init(key: String, value: String?) {
            self.key = key
            self.value = value
        }
    }

    package let changes: [Change]

    package init(_ changes: [Change]) { self.changes = changes }
}
