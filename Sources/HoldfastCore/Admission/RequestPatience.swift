// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How long a client that makes requests may say nothing, in the middle of one or between two. One that waits for an answer may wait.
package struct RequestPatience: Equatable, Sendable {
    package enum Order: Equatable, Sendable {
        /// The connection is closed.
        case giveUp
        case askAgain(after: Duration)
    }

    package let limit: Duration
    private var lastHeard: MonotonicTime

    package init(limit: Duration, at now: MonotonicTime) {
        self.limit = limit
        lastHeard = now
    }

    /// A head, or a part of a body, has come; or an answer has been given. Parts of a head do not count: they could be as many as they like.
    package mutating func heard(at now: MonotonicTime) { lastHeard = now }

    /// The time has come to look.
    ///
    /// - Parameters:
    ///   - isReading: whether the rest of a request's body is awaited.
    ///   - isAnswering: whether an answer is.
    package func order(isReading: Bool, isAnswering: Bool, at now: MonotonicTime) -> Order {
        guard isReading || !isAnswering else { return .askAgain(after: limit) }
        let left = limit - now.since(lastHeard)
        return left > .zero ? .askAgain(after: left) : .giveUp
    }
}
