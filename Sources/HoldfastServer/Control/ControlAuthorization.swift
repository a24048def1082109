// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// Who may use the control API: whoever says the control token itself, or a JSON Web Token that is signed with it.
///
/// The forms are those of GRIP's publishers: `Bearer` with either, and `Basic` with the control token as password.
package struct ControlAuthorization: Sendable {
    package enum Verdict: Equatable, Sendable {
        case allowed
        /// What is wrong, for the one who asked. Says nothing that only the token's holders know.
        case refused(String)
    }

    private let key: GripPublishKey
    private let verifier: TokenVerifier

    /// - Parameters:
    ///   - token: the setting `control.token`, which may be `base64:` and the bytes that tokens are signed with.
    ///   - issuer: what a token's `iss` and the user of `Basic` must be; `nil` where they do not matter.
    /// - Throws: a ``TokenKeyError`` when the token is empty, or bad base64 follows `base64:`.
    package init(token: String, issuer: String?) async throws(TokenKeyError) {
        guard let key = GripPublishKey(token, issuer: issuer) else { throw TokenKeyError(description: "control.token: \(GripPublishKey.rule)") }
        self.key = key
        verifier = try await TokenVerifier(.secret(Array(key.hmacKey.readableBytesView)), issuer: issuer, setting: "control.token")
    }

    /// - Parameters:
    ///   - header: the request's `Authorization`; `nil` where there is none.
    ///   - seconds: the time now, in seconds since 1970.
    package func judge(_ header: String?, at seconds: Int) -> Verdict {
        guard let header, !header.isEmpty else { return .refused("this port needs Authorization: Bearer and the control token") }
        switch key.judge(GripAuthorization(header: header)) {
        case .allowed: return .allowed
        case .verify(let token): return judge(token: token, at: seconds)
        case .refused:
            // A control token may be any text, also one with spaces, which is no token of HTTP's grammar.
            let isWhole = header.lowercased().hasPrefix("bearer ") && key.judge(.bearer(String(header.dropFirst("bearer ".count)))) == .allowed
            return isWhole ? .allowed : .refused("wrong control token")
        }
    }

    private func judge(token: String, at seconds: Int) -> Verdict {
        switch verifier.verify(token, at: seconds) {
        case .valid: .allowed
        case .expired: .refused("the token has expired: its exp has passed")
        case .notYetValid: .refused("the token is not valid yet: its nbf lies ahead")
        case .wrongIssuer: .refused("the token's iss is not the issuer of control.issuer")
        case .wrongAudience: .refused("the token has an aud; it must have none")
        case .badSignature: .refused("the token must be signed by HS256 with the control token as key")
        case .malformed: .refused("the token is no JSON Web Token with an exp of at most \(TokenVerifier.maxBytes) bytes")
        }
    }
}
