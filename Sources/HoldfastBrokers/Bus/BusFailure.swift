// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a connection to an engine has to end.
package struct BusFailure: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Another try, here or elsewhere, may do better.
        case lost
        /// It will be the same the next time, until somebody changes the engine or the settings: credentials, permissions, certificates, versions.
        case refused
    }

    package let kind: Kind
    /// One sentence, without a full stop and without credentials.
    package let reason: String

    static func lost(_ reason: String) -> BusFailure { BusFailure(kind: .lost, reason: reason) }

    static func refused(_ reason: String) -> BusFailure { BusFailure(kind: .refused, reason: reason) }

    /// What is not the engine's protocol.
    static func garbled(_ what: String) -> BusFailure { .lost("the server sent what is not understood: \(what)") }
}
