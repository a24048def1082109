// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Decides when a remote that was lost, or could not be had, is dialled again, and when it is given up.
///
/// The waits double from the policy's first to its longest, each give or take a fifth, so that many who lost the same remote do not come back together.
package struct ReconnectMachine: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case trying  // -> up, waiting, over
        case up(since: MonotonicTime)  // -> waiting, over
        case waiting(until: MonotonicTime)  // -> trying, over
        case over
    }

    package enum Order: Equatable, Sendable {
        /// Ask ``waited(at:)`` after this time.
        case wait(Duration)
        /// It is over: failed too often, or was to be had once only.
        case giveUp
        /// Nothing is to be done: this cannot happen now, or it is over.
        case none
    }

    /// The shortest wait, whatever the policy says: a remote that refuses at once would be dialled without a pause otherwise.
    package static let shortestDelay = Duration.milliseconds(10)

    private var state = State.trying
    private let policy: ReconnectPolicy?
    /// Failures in a row so far, the last loss among them.
    package private(set) var failures = 0

    /// Begins with the first attempt under way.
    ///
    /// - Parameter policy: `nil` when it is dialled once only: the first failure or loss is the end.
    package init(policy: ReconnectPolicy?) { self.policy = policy }

    /// Whether an attempt is under way.
    package var isTrying: Bool { state == .trying }
    /// Whether nothing will be dialled any more.
    package var isOver: Bool { state == .over }

    /// The remote accepted.
    package mutating func opened(at now: MonotonicTime) {
        if case .trying = state { state = .up(since: now) }
    }

    /// An attempt came to nothing.
    ///
    /// - Parameter jitter: a random number from 0 up to 1.
    package mutating func failed(at now: MonotonicTime, jitter: Double) -> Order {
        guard case .trying = state else { return .none }
        return fail(at: now, jitter: jitter)
    }

    /// A connection that was up ended otherwise than by our own wish.
    ///
    /// - Parameter jitter: a random number from 0 up to 1.
    package mutating func lost(at now: MonotonicTime, jitter: Double) -> Order {
        guard case .up(let since) = state else { return .none }
        if let policy, now.since(since) >= policy.settledAfter { failures = 0 }
        return fail(at: now, jitter: jitter)
    }

    /// The wait may be over.
    ///
    /// - Returns: whether to dial now. Early or late calls do no harm.
    package mutating func waited(at now: MonotonicTime) -> Bool {
        guard case .waiting(let until) = state, now >= until else { return false }
        state = .trying
        return true
    }

    /// Nobody wants it any more: the app closed it, or the gateway stops.
    package mutating func ended() { state = .over }

    private mutating func fail(at now: MonotonicTime, jitter: Double) -> Order {
        failures += 1
        guard let policy, failures < policy.maxFailures ?? .max else {
            state = .over
            return .giveUp
        }
        let delay = Self.delay(after: failures, policy: policy, jitter: jitter)
        state = .waiting(until: now + delay)
        return .wait(delay)
    }

    private static func delay(after failures: Int, policy: ReconnectPolicy, jitter: Double) -> Duration {
        var delay = max(policy.firstDelay, shortestDelay)
        var left = failures - 1
        while left > 0, delay < policy.maxDelay {
            delay *= 2
            left -= 1
        }
        return max(min(delay, policy.maxDelay) * (0.8 + 0.4 * jitter), shortestDelay)
    }
}
