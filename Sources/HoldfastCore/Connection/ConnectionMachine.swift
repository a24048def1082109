// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire

/// The life of one connection: asking the app, or dialling, then open, closing, closed.
///
/// Every function is named for what happened and returns what to do about it. However a connection ends, and in whatever order the news
/// of it arrives, exactly one order carries its ``Ending``.
///
/// Once both sides have sent a close frame the server closes TCP, and the client waits for that (RFC 6455 §7.1.1).
package struct ConnectionMachine: Equatable, Sendable {
    /// Endings are kept elsewhere: an open connection need not have room for one.
    private enum State: Equatable, Sendable {
        /// The app was asked and has not answered.
        case asking  // -> open, abandoned, closed
        /// The client left, or was told to, while the app was asked.
        indirect case abandoned(Ending)  // -> closed
        /// The remote is being dialled.
        case dialling  // -> open, closed
        case open  // -> closing, closed
        /// A close frame was sent and none has come; the ending holds what was sent.
        indirect case closing(Ending)  // -> closed
        case closed
    }

    /// Which side of the connection this is.
    package enum Role: Equatable, Sendable {
        case server, client
    }

    package enum HangUp: Equatable, Sendable {
        /// Close the socket, once all is written.
        case now
        /// Leave it to the peer for a while.
        case afterPeer
    }

    package enum Order: Equatable, Sendable {
        case none
        /// Answer the handshake with 101.
        case upgrade
        /// The remote has accepted: what waits for it can go.
        case begin
        /// Answer the handshake with the refusal at hand, and forget the connection: the app never had it.
        case refuse
        /// Answer the handshake with this, without waiting for the app; should it say yes, it hears of the end.
        case refuseUnasked(Refusal)
        /// Hand the message to the app.
        case deliver
        /// Answer the ping.
        case pong
        /// Send a close frame and wait for the peer's, but not for ever.
        case sendClose(CloseCode, reason: String)
        /// Send a close frame and hang up: nothing more that the peer sends can be read.
        case fail(CloseCode, reason: String)
        /// Answer the peer's close frame, hang up, tell the app.
        case echoClose(CloseCode, Ending, HangUp = .now)
        /// Hang up and tell the app.
        case end(Ending, HangUp = .now)
    }

    private var state: State
    private let role: Role

    private init(state: State, role: Role) {
        self.state = state
        self.role = role
    }

    /// A client came and the app is being asked.
    package static var asking: ConnectionMachine { ConnectionMachine(state: .asking, role: .server) }

    /// A server is being dialled.
    package static var dialling: ConnectionMachine { ConnectionMachine(state: .dialling, role: .client) }

    // Matched, not compared: these are asked for every delivery, and comparing states would compare endings.
    package var isOpen: Bool { if case .open = state { true } else { false } }
    /// Whether messages may be sent to it, channels joined and state set: also while the app is asked, for it may push before it answers, and
    /// while a remote is dialled.
    package var isReachable: Bool { isOpen || isAsking || isDialling }
    package var isAsking: Bool { if case .asking = state { true } else { false } }
    package var isDialling: Bool { if case .dialling = state { true } else { false } }

    package var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Whom the app is told of: `client` or `remote`.
    package var peer: String { role == .server ? "client" : "remote" }
    private var peerCause: EndCause { role == .server ? .client : .remote }

    /// The remote that was dialled has accepted.
    package mutating func remoteAccepted() -> Order {
        guard isDialling else { return .none }
        state = .open
        return .begin
    }

    /// The remote cannot be had.
    ///
    /// - Parameter error: why, in words for the app.
    package mutating func dialFailed(_ error: String) -> Order {
        guard isDialling else { return .none }
        state = .closed
        return .end(Ending(code: .abnormal, isClean: false, error: error, cause: .notReached))
    }

    /// The app said yes.
    package mutating func appAccepted() -> Order {
        switch state {
        case .asking:
            state = .open
            return .upgrade
        case .abandoned(let ending):
            // The app believes in a connection that is gone, so it must hear of the end.
            state = .closed
            return .end(ending)
        case .dialling, .open, .closing, .closed: return .none
        }
    }

    /// The app said no, or gave no usable answer.
    package mutating func appRefused() -> Order {
        switch state {
        case .asking, .abandoned:
            state = .closed
            return .refuse
        case .dialling, .open, .closing, .closed: return .none
        }
    }

    private var hangUp: HangUp { role == .server ? .now : .afterPeer }

    private static let shutdownRefusal = Refusal(
        status: 503, headers: [OpeningRequest.Field(name: "retry-after", value: "1")], body: "this gateway is shutting down\n")

    package func messageReceived() -> Order { isOpen ? .deliver : .none }

    package func pingReceived() -> Order { isOpen ? .pong : .none }

    /// The peer sent a close frame.
    package mutating func closeReceived(_ code: CloseCode, reason: String) -> Order {
        switch state {
        case .open:
            state = .closed
            return .echoClose(code, Ending(code: code, reason: reason, isClean: true, cause: peerCause), hangUp)
        case .closing(let ending):
            state = .closed
            let clean = Ending(code: ending.code, reason: ending.reason, isClean: true, error: ending.error, cause: ending.cause)
            return .end(clean, hangUp)
        case .asking, .abandoned, .dialling, .closed: return .none
        }
    }

    /// The peer broke a rule: the connection fails with the violation's code.
    package mutating func violated(_ violation: Violation) -> Order {
        guard isOpen else { return .none }
        state = .closing(Ending(code: violation.code, reason: violation.reason, isClean: false, error: violation.reason, cause: .violation))
        return .fail(violation.code, reason: violation.reason)
    }

    /// The app, an operator or the gateway itself wants it closed.
    ///
    /// - Parameter error: why the gateway ends it, in words for the app; `nil` when the app ordered it.
    package mutating func closeOrdered(_ code: CloseCode, reason: String, error: String?, cause: EndCause) -> Order {
        switch state {
        case .asking:
            state = .abandoned(Ending(code: code, reason: reason, isClean: false, error: error, cause: cause))
            return .refuseUnasked(cause == .shutdown ? Self.shutdownRefusal : Refusal(body: "closed before it was opened\n"))
        case .dialling:
            state = .closed
            return .end(Ending(code: code, reason: reason, isClean: false, error: error, cause: cause))
        case .open:
            state = .closing(Ending(code: code, reason: reason, isClean: false, error: error, cause: cause))
            return .sendClose(code, reason: reason)
        case .abandoned, .closing, .closed: return .none
        }
    }

    /// The app wants it cut, without a close frame.
    package mutating func disconnectOrdered() -> Order {
        switch state {
        case .asking:
            state = .abandoned(Ending(code: .abnormal, isClean: false, cause: .app))
            return .refuseUnasked(Refusal(body: "closed before it was opened\n"))
        case .dialling, .open:
            state = .closed
            return .end(Ending(code: .abnormal, isClean: false, cause: .app), .now)
        case .abandoned, .closing, .closed: return .none
        }
    }

    /// The peer did not answer our close frame in time.
    package mutating func closeTimedOut() -> Order {
        switch state {
        case .closing(let ending):
            state = .closed
            let error = ending.error ?? "the \(peer) did not answer the close in time"
            return .end(Ending(code: ending.code, reason: ending.reason, isClean: false, error: error, cause: ending.cause))
        case .asking, .abandoned, .dialling, .open, .closed: return .none
        }
    }

    /// Nothing came from the peer, not even a pong: a close frame would not reach it.
    package mutating func peerSilent() -> Order {
        switch state {
        case .open:
            state = .closed
            return .end(Ending(code: .abnormal, isClean: false, error: "the \(peer) did not answer a ping", cause: .silent))
        case .closing(let ending):
            state = .closed
            return .end(ending)
        case .asking, .abandoned, .dialling, .closed: return .none
        }
    }

    /// The socket is gone.
    package mutating func transportClosed() -> Order {
        switch state {
        case .asking:
            state = .abandoned(.lost())
            return .none
        case .open:
            state = .closed
            return .end(.lost())
        case .closing(let ending):
            state = .closed
            return .end(ending)
        case .abandoned, .dialling, .closed: return .none
        }
    }
}
