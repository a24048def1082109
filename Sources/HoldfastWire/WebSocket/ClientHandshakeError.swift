// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why an opening handshake that we began came to nothing.
package enum ClientHandshakeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The request cannot be written as it was asked for: which part, and what it must be.
    case request(String)
    /// The remote did not agree to speak WebSocket: it answered with this status.
    case status(Int)
    /// The remote agreed, but not as RFC 6455 §4.1 has it: what is wrong, and what was expected.
    case answer(String)

    package var description: String {
        switch self {
        case .request(let what): what
        case .status(let status) where (300...399).contains(status): "the remote answered \(status), not 101; redirects are not followed"
        case .status(let status): "the remote answered \(status), not 101"
        case .answer(let what): what
        }
    }
}
