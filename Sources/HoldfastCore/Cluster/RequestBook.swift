// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Who waits for answers of other nodes, and until when. An answer that comes late or twice finds nobody.
package struct RequestBook<Waiting: Sendable>: Sendable {
    private struct Entry {
        var waiting: Waiting
        let node: NodeName
    }

    private let patience: Duration
    private let limit: Int
    private var entries: [UInt64: Entry] = [:]
    /// In the order in which they were opened. Some are answered.
    private var deadlines: Deque<(number: UInt64, at: MonotonicTime)> = []

    /// - Parameters:
    ///   - patience: how long a node has for its answer.
    ///   - limit: how many may wait.
    package init(patience: Duration = .seconds(1), limit: Int = 65_536) {
        self.patience = patience
        self.limit = limit
    }

    package var count: Int { entries.count }

    /// - Parameter number: used by no other request.
    /// - Returns: `false` when too many wait; then nothing was noted.
    package mutating func open(_ number: UInt64, _ waiting: Waiting, to node: NodeName, at now: MonotonicTime) -> Bool {
        guard entries.count < limit else { return false }
        entries[number] = Entry(waiting: waiting, node: node)
        deadlines.append((number, now + patience))
        return true
    }

    /// A part of an answer has come, and more will.
    package mutating func update(_ number: UInt64, from node: NodeName, _ change: (inout Waiting) -> Void) {
        guard var entry = entries.removeValue(forKey: number) else { return }
        if entry.node == node { change(&entry.waiting) }
        entries[number] = entry
    }

    /// The answer is complete.
    package mutating func close(_ number: UInt64, from node: NodeName) -> Waiting? {
        guard let entry = entries[number], entry.node == node else { return nil }
        entries[number] = nil
        return entry.waiting
    }

    /// Those that have waited long enough.
    package mutating func due(at now: MonotonicTime) -> [Waiting] {
        var due: [Waiting] = []
        while let first = deadlines.first, first.at <= now || entries[first.number] == nil {
            deadlines.removeFirst()
            if let entry = entries.removeValue(forKey: first.number) { due.append(entry.waiting) }
        }
        return due
    }

    /// Those that wait for a node that will not answer.
    package mutating func gone(_ node: NodeName) -> [Waiting] {
        let numbers = entries.filter { $0.value.node == node }.keys.sorted()
        return numbers.compactMap { entries.removeValue(forKey: $0)?.waiting }
    }

    /// All of them: nobody will answer any more.
    package mutating func closeAll() -> [Waiting] {
        defer {
            entries = [:]
            deadlines = []
        }
        return entries.sorted { $0.key < $1.key }.map(\.value.waiting)
    }
}
