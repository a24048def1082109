// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastWire
import NIOCore

/// Makes the tokens that prove to an app that a request comes through this gateway: JSON Web Tokens (RFC 7519), such as GRIP's `Grip-Sig`.
///
/// A token holds `iss` and `exp` and, if not asked for, nothing else: GRIP libraries refuse tokens with an `aud`, or with an `iat` ahead of their own
/// clock.
package struct TokenSigner: Sendable {
    /// Seconds from a token's making to its end, if not said otherwise.
    package static let lifetime = 3600

    /// The `iss` of its tokens.
    package let issuer: String
    /// Their `aud`; `nil` for none.
    package let audience: String?
    private let lifetime: Int
    private let isDated: Bool
    private let key: TokenKey
    private let header: String

    /// Reads the key's file, if it has one.
    ///
    /// - Parameters:
    ///   - lifetime: seconds from a token's making to its end.
    ///   - isDated: whether a token says when it was made (`iat`).
    ///   - setting: the key's setting, for error messages: `grip.sigKey`.
    /// - Throws: a ``TokenKeyError`` when the key cannot sign.
    package init(
        _ key: GripKey, issuer: String, audience: String? = nil, lifetime: Int = Self.lifetime, isDated: Bool = false, setting: String
    ) async throws(TokenKeyError) {
        self.key = try await TokenKey(key, for: .signing, setting: setting)
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
        self.isDated = isDated
        var json = JSONWriter()
        json.beginObject()
        json.key("alg")
        json.string(self.key.name)
        json.key("typ")
        json.string("JWT")
        json.endObject()
        header = Base64.encode(json.buffer.readableBytesView, urlSafe: true)
    }

    /// A token that is valid from now for its lifetime.
    ///
    /// - Parameter seconds: the time now, in seconds since 1970.
    /// - Throws: an error of the library's, in practice never.
    package func sign(at seconds: Int) throws -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("iss")
        json.string(issuer)
        if let audience {
            json.key("aud")
            json.string(audience)
        }
        if isDated {
            json.key("iat")
            json.integer(seconds)
        }
        json.key("exp")
        json.integer(seconds + lifetime)
        json.endObject()
        let signed = header + "." + Base64.encode(json.buffer.readableBytesView, urlSafe: true)
        return signed + "." + Base64.encode(try key.sign(signed), urlSafe: true)
    }
}
