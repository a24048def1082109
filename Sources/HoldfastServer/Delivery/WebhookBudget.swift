// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// A route's limits over all event loops: two atomic counters, and a word to loops that wait. Webhooks in flight never pass theirs; clients that
/// wait may by one per loop, when loops ask at the same instant.
///
/// A loop that finds no place says so and tries once more, so that a place freed in between is not missed. A loop that frees one keeps it for
/// its own queue up to its fair share; beyond that a waiting loop is told first.
package final class WebhookBudget: Sendable {
    let limit: Int
    private let openingLimit: Int
    private let fairShare: Int
    private let used = Atomic<Int>(0)
    private let openings = Atomic<Int>(0)
    private let waiters = NIOLockedValueBox<[Int: @Sendable () -> Void]>([:])
    private let waiterCount = Atomic<Int>(0)

    init(limit: Int, openingLimit: Int, loopCount: Int) {
        self.limit = limit
        self.openingLimit = openingLimit
        fairShare = limit / loopCount
    }

    /// Connections to the app that a loop keeps open while they are not used.
    var keptPerLoop: Int { max(1, fairShare) }

    /// Takes a place if there is one.
    func acquire() -> Bool {
        if used.add(1, ordering: .acquiringAndReleasing).newValue <= limit { return true }
        used.subtract(1, ordering: .acquiringAndReleasing)
        return false
    }

    func release() { used.subtract(1, ordering: .acquiringAndReleasing) }

    /// Whether one more client may wait for the answer to its opening request.
    ///
    /// Some wait although there are places: see ``PoolGrowth``. They count as if they had theirs.
    var takesOpenings: Bool {
        let free = max(0, limit - used.load(ordering: .relaxed))
        return openings.load(ordering: .relaxed) < openingLimit + free
    }

    func openingQueued() { openings.add(1, ordering: .relaxed) }

    func openingLeft() { openings.subtract(1, ordering: .relaxed) }

    /// Notes that a loop has requests and no place for them; `wake` is called once, from any thread, when there may be one.
    func wait(loop: Int, wake: @escaping @Sendable () -> Void) {
        waiters.withLockedValue { waiters in
            waiters[loop] = wake
            waiterCount.store(waiters.count, ordering: .sequentiallyConsistent)
        }
    }

    /// Whether a loop that holds `inFlight` places should let others go first.
    func shouldYield(inFlight: Int) -> Bool {
        inFlight >= fairShare && waiterCount.load(ordering: .sequentiallyConsistent) > 0
    }

    /// Tells the loops that wait.
    func wakeOthers() {
        guard waiterCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
        let woken = waiters.withLockedValue { waiters in
            defer {
                waiters = [:]
                waiterCount.store(0, ordering: .sequentiallyConsistent)
            }
            return Array(waiters.values)
        }
        for wake in woken { wake() }
    }
}
