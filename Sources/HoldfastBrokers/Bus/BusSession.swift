// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// One connection's conversation with an engine, as a value: bytes in, news out; orders in, bytes out. It knows no socket and no clock.
protocol BusSession: Sendable {
    /// What the engine is called in configuration and metrics.
    static var name: String { get }

    init(_ opening: BusOpening)

    /// What is to be sent. Whoever carries the session writes it out and empties it.
    var output: ByteBuffer { get set }

    /// The largest message that the engine takes.
    var messageLimit: Int { get }

    /// The connection stands.
    mutating func opened()

    /// TLS, which the session has asked for, is there: what is said from now on is encrypted.
    mutating func startedTLS()

    /// Reads what came. After a failure the session reads no more.
    mutating func receive(_ bytes: ByteBuffer) -> BusNews

    mutating func subscribe(_ subjects: [String])

    mutating func unsubscribe(_ subjects: [String])

    /// Asks for ``BusEvent/settled``: all that was asked for before is in force.
    mutating func settle()

    mutating func publish(_ message: BusMessage)

    /// Asks for the confirmation of what was published so far, where the engine does not give it unasked.
    mutating func mark()

    /// Asks for a sign of life.
    mutating func ping()
}

/// What a session needs to introduce itself.
struct BusOpening: Sendable {
    enum Encryption: Equatable, Sendable {
        /// TLS is not to be used, or is there already.
        case settled
        /// Where the server asks for it.
        case ifAsked
        /// Whatever the server says.
        case always
    }

    var login: BusLogin
    /// What the connection is called in the engine's lists.
    var clientName: String
    var version: String
    var encryption: Encryption
}

/// How a node proves to an engine who it is.
enum BusLogin: Equatable, Sendable {
    case none
    /// Without a user it is a password alone.
    case password(user: String?, String)
    case token(String)
    case credentials(NATSCredentials)
}

/// What one read brought.
struct BusNews: Equatable, Sendable {
    var messages: [BusMessage] = []
    /// How many more of what was published the engine has, or has refused.
    var confirmed = 0
    /// How many of what was published the engine has refused.
    var refused = 0
    var events: [BusEvent] = []
    /// Why the connection has to end.
    var failure: BusFailure?
}

enum BusEvent: Equatable, Sendable {
    /// TLS has to start here and now.
    case startTLS
    /// The engine has accepted this node.
    case ready
    /// All that was asked for before ``BusSession/settle()`` is in force.
    case settled
    /// Other servers of the engine.
    case servers([HostPort])
    /// The server is about to go.
    case leaving
    /// The largest message that the engine takes has changed.
    case messageLimit(Int)
    /// The engine does not carry something that was published. The connection goes on, as it does after the next two.
    case messageRefused(String)
    /// The engine does not let this node hear something.
    case subscriptionRefused(String)
    case complaint(String)
}
