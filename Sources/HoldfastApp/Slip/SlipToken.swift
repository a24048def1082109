// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// JSON Web Tokens of the `slip` dialect: HS256 and nothing else, issuer `slip-sockets`.
enum SlipToken {
    /// Tokens of the gateway for the app.
    static let toApp = "WebSocketEvent"
    /// Tokens of the app for the control API.
    static let toGateway = "ControlEvent"

    private static let issuer = "slip-sockets"
    private static let lifetime = 60
    private static let maxBytes = 8 << 10

    private struct Header: Decodable {
        let alg: String
        let crit: JSONValue?
    }

    private struct Claims: Decodable {
        let iss: String?
        let aud: Audience?
        let exp: Double?
        let nbf: Double?
    }

    /// One name, or a list of them.
    private struct Audience: Decodable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                names = [one]
            } else {
                names = try container.decode([String].self)
            }
        }
    }

    /// - Parameters:
    ///   - now: in seconds since 1970.
    ///   - tolerance: for how many seconds after its end a token is still taken.
    /// - Throws: what is wrong, for the one who sent it. The signature is looked at before anything that the token says.
    static func verify(_ token: some StringProtocol, keys: [SymmetricKey], audience: String, now: Int, tolerance: Int) throws(WebhookError) {
        guard token.utf8.count <= maxBytes else { throw refused("longer than \(maxBytes) bytes") }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64Text.decodeURLSafe(parts[0]), let body = Base64Text.decodeURLSafe(parts[1]),
            let signature = Base64Text.decodeURLSafe(parts[2])
        else { throw refused("no JSON Web Token") }
        let header = try BodyReader.decode(Header.self, from: Data(head)) { refused("its head: \($0)") }
        guard header.alg == "HS256", header.crit == nil else { throw refused("expected a token signed by HS256") }
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        let isGenuine = keys.contains { HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: $0) }
        guard isGenuine else { throw refused("signed with another secret") }

        let claims = try BodyReader.decode(Claims.self, from: Data(body)) { refused("its claims: \($0)") }
        guard claims.iss == issuer else { throw refused("expected the iss \(issuer)") }
        guard claims.aud?.names.contains(audience) == true else { throw refused("expected the aud \(audience)") }
        guard let end = claims.exp, Double(now) < end + Double(tolerance) else { throw refused("expected an exp that has not passed") }
        if let start = claims.nbf, Double(now) + Double(tolerance) < start { throw refused("its nbf lies ahead") }
    }

    /// - Parameter now: in seconds since 1970. The token is good for 60 s.
    static func mint(key: SymmetricKey, audience: String, now: Int) -> String {
        var claims = JSONOutput()
        claims.object { json in
            json.optional("iss", issuer)
            json.optional("aud", audience)
            json.key("iat")
            json.integer(now)
            json.key("exp")
            json.integer(now + lifetime)
        }
        let signed = Base64Text.encodeURLSafe(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)) + "." + Base64Text.encodeURLSafe(claims.bytes)
        let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key)
        return "\(signed).\(Base64Text.encodeURLSafe(Array(code)))"
    }

    private static func refused(_ why: String) -> WebhookError { WebhookError(.signature, "authorization: \(why)") }
}
