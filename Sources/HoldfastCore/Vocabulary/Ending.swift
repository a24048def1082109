// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire

/// How a connection ended, as the app is told.
package struct Ending: Equatable, Sendable {
    /// The code that ended it: the peer's, the app's or the gateway's own; ``CloseCode/abnormal`` when the socket was lost.
    package let code: CloseCode
    package let reason: String
    /// Whether both sides exchanged close frames.
    package let isClean: Bool
    /// Why the gateway ended it, when it did.
    package let error: String?
    /// Who or what ended it, for metrics.
    package let cause: EndCause

    package init(code: CloseCode, reason: String = "", isClean: Bool, error: String? = nil, cause: EndCause) {
        self.code = code
        self.reason = reason
        self.isClean = isClean
        self.error = error
        self.cause = cause
    }

    /// The socket went away without a close frame.
    package static func lost(_ error: String? = nil) -> Ending {
        Ending(code: .abnormal, isClean: false, error: error, cause: .lost)
    }
}

/// Who or what ended a connection: the `reason` label of `holdfast_connections_closed_total`, and a row of docs/close-codes.md.
package enum EndCause: String, CaseIterable, Sendable {
    /// The client sent a close frame.
    case client
    /// The remote that was dialled sent a close frame.
    case remote
    /// A remote could not be had.
    case notReached
    /// The app or an operator ordered it.
    case app
    /// The client broke the protocol or a limit of its messages.
    case violation
    /// The client did not read, and its queue was full.
    case slowReader
    /// Nothing came from the client, not even an answer to a ping.
    case silent
    /// No message passed for the idle timeout.
    case idle
    /// The maximum lifetime was reached.
    case lifetime
    /// The app gave no usable answer.
    case appFailure
    /// The gateway is shutting down.
    case shutdown
    /// The other nodes took this one for lost, and the app was told.
    case takenOver
    /// The socket was lost.
    case lost
}
