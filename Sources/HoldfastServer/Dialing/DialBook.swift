// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOConcurrencyHelpers
import Synchronization

/// What the event loops share of the outbound connections that are to stand: their names, and how many there are whose app says what to dial.
package final class DialBook: Sendable {
    /// Why the last of the connections that an app asked for is gone.
    package struct Farewell: Sendable {
        package let reason: String
        /// Whether it went against the app's will.
        package let isFault: Bool

        package init(reason: String, isFault: Bool) {
            self.reason = reason
            self.isFault = isFault
        }
    }

    private struct Name: Hashable {
        let route: String
        let name: String
    }

    private let names = NIOLockedValueBox<Set<Name>>([])
    private let asked = Atomic<Int>(0)
    private let next = Atomic<Int>(0)
    private let ended: @Sendable (Farewell) -> Void

    /// - Parameter ended: told when no connection is left of those whose app says what to dial (`unsocket`).
    package init(ended: @escaping @Sendable (Farewell) -> Void = { _ in }) {
        self.ended = ended
    }

    /// The event loops take turns.
    func nextShard(of count: Int) -> Int { Int(UInt(bitPattern: next.add(1, ordering: .relaxed).oldValue) % UInt(count)) }

    /// - Returns: whether the name was free.
    func claim(_ name: String, on route: String) -> Bool { names.withLockedValue { $0.insert(Name(route: route, name: name)).inserted } }

    func release(_ name: String, on route: String) { names.withLockedValue { _ = $0.remove(Name(route: route, name: name)) } }

    package func began() { asked.add(1, ordering: .relaxed) }

    package func ended(_ farewell: Farewell) {
        if asked.subtract(1, ordering: .relaxed).newValue == 0 { ended(farewell) }
    }
}
