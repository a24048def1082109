// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What became of a token. All but ``badSignature`` and ``malformed`` are told only of tokens whose maker has the key.
package enum TokenVerdict: Equatable, Sendable {
    case valid
    /// Its `exp` is now or in the past.
    case expired
    /// Its `nbf` is in the future.
    case notYetValid
    /// Its `iss` is not the required one, or is missing.
    case wrongIssuer
    /// Its `aud` is missing or names somebody else; or it has one where the verifier answers to no name at all (RFC 7519 §4.1.3).
    case wrongAudience
    /// Another key has signed it, another algorithm than the key's is named, or none.
    case badSignature
    /// It is no JSON Web Token, is longer than ``TokenVerifier/maxBytes``, or has no `exp`.
    case malformed
}
