// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastWire
import NIOCore

/// Verifies JSON Web Tokens (RFC 7519): the `Grip-Sig` of a GRIP proxy in front of this gateway, and the tokens of publishers.
///
/// The library does the cryptography only. It passes over `alg`, reads bad base64 as no bytes and asks the clock, so the envelope is read here.
package struct TokenVerifier: Sendable {
    /// Longer tokens are malformed, unread.
    package static let maxBytes = 8 * 1024

    /// What a token's `iss` must be; `nil` where it does not matter.
    package let issuer: String?
    /// The name under which this verifier is meant by a token's `aud`; `nil` where a token must have none.
    package let audience: String?
    private let key: TokenKey

    /// Reads the key's file, if it has one. Of a private key the public one is used.
    ///
    /// - Parameter setting: the key's setting, for error messages: `grip.upstreamKey`.
    /// - Throws: a ``TokenKeyError`` when the key cannot verify.
    package init(_ key: GripKey, issuer: String? = nil, audience: String? = nil, setting: String) async throws(TokenKeyError) {
        self.key = try await TokenKey(key, for: .verifying, setting: setting)
        self.issuer = issuer
        self.audience = audience
    }

    /// - Parameter seconds: the time now, in seconds since 1970.
    package func verify(_ token: String, at seconds: Int) -> TokenVerdict {
        guard token.utf8.count <= Self.maxBytes else { return .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let signature = Self.bytes(parts[2]) else { return .malformed }
        // Extensions that must be understood (RFC 7515 §4.1.11); none is.
        guard header["crit"] == nil, let algorithm = header["alg"]?.string else { return .malformed }
        // The key decides on the algorithm, never the token: whoever has a public key could else sign by HMAC with its text, or not at all.
        guard algorithm == key.name, key.isSignature(signature.readableBytesView, of: token[..<parts[1].endIndex]) else { return .badSignature }
        guard let claims = Self.object(parts[1]) else { return .malformed }
        return judge(claims, at: seconds)
    }

    private func judge(_ claims: JSONValue, at seconds: Int) -> TokenVerdict {
        guard let end = Self.date(claims["exp"]) else { return .malformed }
        guard Double(seconds) < end else { return .expired }
        if let start = claims["nbf"] {
            guard let start = Self.date(start) else { return .malformed }
            guard start <= Double(seconds) else { return .notYetValid }
        }
        if let issuer {
            guard let name = claims["iss"]?.string, ConstantTime.equal(name, issuer) else { return .wrongIssuer }
        }
        return isMeant(claims["aud"]) ? .valid : .wrongAudience
    }

    /// An audience is one name or several (RFC 7519 §4.1.3).
    private func isMeant(_ claim: JSONValue?) -> Bool {
        guard let audience else { return claim == nil }
        return (claim?.array ?? [claim].compactMap(\.self)).contains { $0.string.map { ConstantTime.equal($0, audience) } ?? false }
    }

    private static func bytes(_ part: Substring) -> ByteBuffer? { Base64.decode(String(part), urlSafe: true) }

    private static func object(_ part: Substring) -> JSONValue? {
        guard let bytes = bytes(part), let value = try? JSONReader.parse(bytes), value.object != nil else { return nil }
        return value
    }

    /// Seconds since 1970, which may have a fraction (RFC 7519 §2).
    private static func date(_ value: JSONValue?) -> Double? {
        guard case .number(let digits) = value?.content, let seconds = Double(digits), seconds.isFinite else { return nil }
        return seconds
    }
}
