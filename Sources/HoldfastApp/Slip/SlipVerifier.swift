// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTPTypes

/// Decides whether a webhook of the `slip` dialect comes from the gateway: by its JSON Web Token, or not at all.
///
/// A token proves that the sender has the secret, no more: **it does not cover the body**. Use TLS or a private network between gateway and app,
/// so that nobody can put another body beside a token that they have seen.
public struct SlipVerifier: Sendable {
    /// Takes every webhook as it comes. For apps that only the gateway can reach.
    public static let unverified = SlipVerifier(mode: .unverified)

    private enum Mode: Sendable {
        case unverified
        case signed(keys: [SymmetricKey], tolerance: Int, clock: @Sendable () -> Int)
    }

    private let mode: Mode

    private init(mode: Mode) { self.mode = mode }

    /// - Parameters:
    ///   - secrets: the gateway's `JWT_SECRET`, or several while one is changed for another: any of them will do. Any text that is not empty.
    ///   - tolerance: for how long after its end a token is still taken. Default none; whole seconds count. The gateway's tokens last 60 s.
    ///   - clock: seconds since 1970.
    /// - Throws: a ``ConfigurationError`` when there is no secret, or one is empty.
    public init(
        secrets: [String], tolerance: Duration = .zero, clock: @escaping @Sendable () -> Int = WebhookVerifier.systemClock
    ) throws(ConfigurationError) {
        guard !secrets.isEmpty else { throw ConfigurationError("secrets: expected at least one; for none at all, say .unverified") }
        guard tolerance >= .zero else { throw ConfigurationError("tolerance: expected no time or some time, found \(tolerance)") }
        var keys: [SymmetricKey] = []
        for (index, secret) in secrets.enumerated() {
            guard !secret.isEmpty else { throw ConfigurationError("secrets[\(index)]: empty") }
            keys.append(SymmetricKey(data: Array(secret.utf8)))
        }
        mode = .signed(keys: keys, tolerance: Int(tolerance.components.seconds), clock: clock)
    }

    /// - Returns: whether anything was checked.
    /// - Throws: a ``WebhookError`` with the code `signature`.
    func verify(_ headers: HTTPFields) throws(WebhookError) -> Bool {
        guard case .signed(let keys, let tolerance, let clock) = mode else { return false }
        let values = headers[values: .authorization]
        guard values.count == 1, let value = values.first else {
            throw WebhookError(.signature, values.isEmpty ? "authorization: missing; the app expects a token" : "authorization: more than one")
        }
        guard value.utf8.count > 7, value.prefix(7).lowercased() == "bearer " else {
            throw WebhookError(.signature, "authorization: expected Bearer and a token")
        }
        try SlipToken.verify(value.dropFirst(7), keys: keys, audience: SlipToken.toApp, now: clock(), tolerance: tolerance)
        return true
    }
}
