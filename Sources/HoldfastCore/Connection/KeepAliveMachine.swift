// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Decides when to ping a silent peer, and when to give a connection up: for silence, idleness or age.
package struct KeepAliveMachine: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case listening  // -> awaitingPong, ended
        case awaitingPong(since: MonotonicTime)  // -> listening, ended
        case ended
    }

    package enum Order: Equatable, Sendable {
        /// Send a ping and come back at the time given.
        case ping(checkAt: MonotonicTime)
        /// Nothing is due; come back at the time given.
        case check(at: MonotonicTime)
        case end(EndCause)
        /// No rule is on, or the connection has ended: no need to come back.
        case none
    }

    private var state = State.listening
    private let openedAt: MonotonicTime
    private var heardAt: MonotonicTime
    private var messageAt: MonotonicTime

    package init(openedAt now: MonotonicTime) {
        openedAt = now
        heardAt = now
        messageAt = now
    }

    /// Bytes came from the peer.
    package mutating func heard(at now: MonotonicTime) {
        heardAt = now
        if case .awaitingPong = state { state = .listening }
    }

    /// A message passed, in either direction; it may be told of late.
    package mutating func messagePassed(at time: MonotonicTime) { messageAt = max(messageAt, time) }

    /// The connection ended.
    package mutating func ended() { state = .ended }

    package mutating func timerFired(at now: MonotonicTime, policy: KeepAlivePolicy) -> Order {
        if state == .ended { return .none }
        if let lifetime = policy.maxLifetime, now >= openedAt + lifetime { return end(.lifetime) }
        if let idle = policy.idleTimeout, now >= messageAt + idle { return end(.idle) }
        let ordinary = [policy.maxLifetime.map { openedAt + $0 }, policy.idleTimeout.map { messageAt + $0 }].compactMap(\.self).min()
        guard let interval = policy.pingInterval else { return ordinary.map { .check(at: $0) } ?? .none }

        switch state {
        case .listening where now >= heardAt + interval:
            state = .awaitingPong(since: now)
            return .ping(checkAt: earlier(now + policy.pongTimeout, ordinary))
        case .listening:
            return .check(at: earlier(heardAt + interval, ordinary))
        case .awaitingPong(let since) where now >= since + policy.pongTimeout:
            return end(.silent)
        case .awaitingPong(let since):
            return .check(at: earlier(since + policy.pongTimeout, ordinary))
        case .ended:
            return .none
        }
    }

    private mutating func end(_ cause: EndCause) -> Order {
        state = .ended
        return .end(cause)
    }

    private func earlier(_ time: MonotonicTime, _ other: MonotonicTime?) -> MonotonicTime {
        other.map { min(time, $0) } ?? time
    }
}
