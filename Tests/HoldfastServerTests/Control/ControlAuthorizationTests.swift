// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastServer
import HoldfastWire
import Testing

@Suite struct ControlAuthorizationTests {
    private static let now = 2_000_000_000
    private static let wrong = ControlAuthorization.Verdict.refused("wrong control token")

    private static func basic(_ pair: String) -> String { "Basic " + Base64.encode(Array(pair.utf8)) }

    @Test(
        arguments: [
            ("key", nil, "Bearer key", true), ("key", nil, "bearer key", true), ("key", "iss", "Bearer key", true), ("key", nil, "Bearer kez", false),
            ("key", nil, "Bearer ke", false), ("key", nil, "Bearer keys", false), ("key", nil, "Bearer KEY", false), ("key", nil, "key", false),
            ("key", nil, "Bearer", false), ("key", nil, "Bearer ", false), ("key", nil, "Digest key", false),
            ("key", nil, "Bearer key, Bearer key", false),
            // A text that HTTP's grammar does not take for a token, and one that looks like a JSON Web Token.
            ("two words", nil, "Bearer two words", true), ("two words", nil, "Bearer two", false), ("e30.e30.AA", nil, "Bearer e30.e30.AA", true),
            ("key", nil, basic("anybody:key"), true), ("key", nil, basic(":key"), true), ("key", nil, basic("key:"), false),
            ("key", nil, basic("key"), false),
            ("key", "iss", basic("iss:key"), true), ("key", "iss", basic("other:key"), false), ("key", "iss", basic(":key"), false),
            ("key", "iss", basic("iss:kez"), false), ("k:y", nil, basic("u:k:y"), true), ("key", nil, "Basic key", false),
            ("key", nil, "Basic b'dTprZXk='", false),
            ("base64:a2V5", nil, "Bearer base64:a2V5", true), ("base64:a2V5", nil, "Bearer key", true), ("base64:a2V5", nil, "Bearer a2V5", false),
        ] as [(String, String?, String, Bool)])
    func theTokenItself(_ token: String, _ issuer: String?, _ header: String, _ isAllowed: Bool) async throws {
        let authorization = try await ControlAuthorization(token: token, issuer: issuer)
        #expect(authorization.judge(header, at: Self.now) == (isAllowed ? .allowed : Self.wrong))
    }

    @Test(arguments: [nil, ""] as [String?])
    func nothingIsAskedFor(_ header: String?) async throws {
        let authorization = try await ControlAuthorization(token: "key", issuer: nil)
        #expect(authorization.judge(header, at: Self.now) == .refused("this port needs Authorization: Bearer and the control token"))
    }

    @Test(
        arguments: [
            ("key", nil, "key", "pushpin", 0, nil), ("key", "pushpin", "key", "pushpin", 0, nil), ("base64:a2V5", nil, "key", "pushpin", 0, nil),
            ("key", nil, "base64:a2V5", "pushpin", 3599, nil), ("key", nil, "key", "pushpin", 3600, "the token has expired: its exp has passed"),
            ("key", "pushpin", "key", "other", 0, "the token's iss is not the issuer of control.issuer"),
            ("key", nil, "kez", "pushpin", 0, "the token must be signed by HS256 with the control token as key"),
            ("key", "pushpin", "kez", "other", 9999, "the token must be signed by HS256 with the control token as key"),
        ] as [(String, String?, String, String, Int, String?)])
    func tokensThatItSigns(_ token: String, _ issuer: String?, _ key: String, _ iss: String, _ age: Int, _ refusal: String?) async throws {
        let authorization = try await ControlAuthorization(token: token, issuer: issuer)
        let jwt = try await TokenSigner(GripKey(key), issuer: iss, setting: "").sign(at: Self.now - age)
        #expect(authorization.judge("Bearer \(jwt)", at: Self.now) == (refusal.map { .refused($0) } ?? .allowed))
        // No password, though it would do as a token.
        #expect(authorization.judge(Self.basic("\(iss):\(jwt)"), at: Self.now) == Self.wrong)
    }

    /// The token that gripcontrol's publisher makes of `control_iss` and `key`.
    @Test func tokenOfPyJWT() async throws {
        let authorization = try await ControlAuthorization(token: "changeme", issuer: "pushpin")
        #expect(authorization.judge("Bearer \(PyJWTTokens.shortSecret)", at: PyJWTTokens.madeAt) == .allowed)
        #expect(authorization.judge("Bearer \(PyJWTTokens.shortSecretSHA512)", at: PyJWTTokens.madeAt) != .allowed)
        #expect(authorization.judge("Bearer \(PyJWTTokens.ec)", at: PyJWTTokens.madeAt) != .allowed)
    }

    @Test func unsignedTokenIsRefused() async throws {
        let authorization = try await ControlAuthorization(token: "key", issuer: nil)
        let parts = PyJWTTokens.shortSecret.split(separator: ".")
        let header = Base64.encode(Array(#"{"alg":"none"}"#.utf8), urlSafe: true)
        #expect(authorization.judge("Bearer \(header).\(parts[1]).", at: Self.now) == Self.wrong)
        #expect(authorization.judge("Bearer \(header).\(parts[1]).AA", at: Self.now) != .allowed)
    }

    @Test(arguments: ["", "base64:", "base64:!", "base64:a2V"])
    func tokensThatCannotBeKeys(_ token: String) async throws {
        let error = try await #require(throws: TokenKeyError.self) { try await ControlAuthorization(token: token, issuer: nil) }
        #expect(error.description.hasPrefix("control.token: expected "))
    }
}
