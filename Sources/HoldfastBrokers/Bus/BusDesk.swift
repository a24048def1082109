// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What any thread may touch of a bus, under one lock: what is to be published, which subjects are to be asked for, and how it does.
struct BusDesk<Session: BusSession>: Sendable {
    var queue: BusQueue
    /// Changes of what is subscribed, in order, that the loop has not seen.
    var changes: [SubjectChange] = []
    var status = BusStatus()
    /// Who carries it all out; `nil` before the start and behind the end.
    var runner: NIOLoopBound<BusRunner<Session>>?
    var isStopped = false
    /// Whether the loop has been told that there is something to do.
    private var isAwake = false

    init(maxBytes: Int) { queue = BusQueue(maxBytes: maxBytes) }

    /// - Returns: whom to call, where nobody has been called yet.
    mutating func wake() -> NIOLoopBound<BusRunner<Session>>? {
        guard !isAwake, let runner else { return nil }
        isAwake = true
        return runner
    }

    /// The loop looks now: whatever comes later needs another call.
    mutating func takeChanges() -> [SubjectChange] {
        isAwake = false
        defer { changes = [] }
        return changes
    }
}

enum SubjectChange: Equatable, Sendable {
    case subscribe([String])
    case unsubscribe([String])
}
