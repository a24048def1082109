// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct TokenSignerTests {
    @Test(arguments: [
        ("changeme", PyJWTTokens.shortSecret), ("a secret of thirty-two bytes, ok", PyJWTTokens.secret),
        (String(repeating: "k", count: 100), PyJWTTokens.longSecret), ("base64:AP8A", PyJWTTokens.bytes),
    ])
    func secretsMakeTheTokensOfPyJWT(_ key: String, _ token: String) async throws {
        let signer = try await TokenSigner(GripKey(key), issuer: "pushpin", setting: "grip.sigKey")
        #expect(try signer.sign(at: PyJWTTokens.madeAt) == token)
    }

    /// RSA signs the same text alike each time.
    @Test(arguments: [(TestKeys.rsaPKCS8, PyJWTTokens.rsa), (TestKeys.rsaPKCS1, PyJWTTokens.rsa), ("00ff00", PyJWTTokens.bytes)])
    func filesMakeTheTokensOfPyJWT(_ content: String, _ token: String) async throws {
        try await withKeyFile(content.utf8) { path in
            let signer = try await TokenSigner(.file(path), issuer: "pushpin", setting: "grip.sigKey")
            #expect(try signer.sign(at: PyJWTTokens.madeAt) == token)
        }
    }

    /// ECDSA signs with a random number each time, so only a verifier can tell.
    @Test(arguments: [TestKeys.ecSEC1, TestKeys.ecPKCS8])
    func ecTokensVerify(_ content: String) async throws {
        let signer = try await withKeyFile(content.utf8) { try await TokenSigner(.file($0), issuer: "pushpin", setting: "grip.sigKey") }
        let verifier = try await withKeyFile(TestKeys.ecPublic.utf8) {
            try await TokenVerifier(.file($0), issuer: "pushpin", setting: "grip.upstreamKey")
        }
        let tokens = try (0..<8).map { _ in try signer.sign(at: 1000) }
        #expect(Set(tokens).count == 8)
        for token in tokens { #expect(verifier.verify(token, at: 1000) == .valid) }
    }

    @Test(arguments: ["pushpin", "", "a \"quoted\" \\ name", "é\u{1F600}\n"])
    func tokenHoldsIssuerAndEndAndNothingElse(_ issuer: String) async throws {
        let signer = try await TokenSigner(GripKey("changeme"), issuer: issuer, setting: "grip.sigKey")
        let parts = try signer.sign(at: 1_000).split(separator: ".").map { try #require(Base64.decode(String($0), urlSafe: true)) }
        #expect(String(buffer: parts[0]) == #"{"alg":"HS256","typ":"JWT"}"#)
        let claims = try JSONReader.parse(parts[1])
        #expect(claims.object?.map(\.name) == ["iss", "exp"])
        #expect(claims["iss"]?.string == issuer)
        #expect(claims["exp"]?.integer == 4_600)
        #expect(parts[2].readableBytes == 32)
    }

    @Test func tokenForSomebodyIsDated() async throws {
        let signer = try await TokenSigner(
            GripKey("changeme"), issuer: "slip-sockets", audience: "WebSocketEvent", lifetime: 60, isDated: true, setting: "slip.jwtSecret")
        let token = try signer.sign(at: 1_000)
        let claims = try #require(Base64.decode(String(token.split(separator: ".")[1]), urlSafe: true))
        #expect(String(buffer: claims) == #"{"iss":"slip-sockets","aud":"WebSocketEvent","iat":1000,"exp":1060}"#)
        for (audience, verdict) in [("WebSocketEvent", .valid), ("ControlEvent", .wrongAudience), (nil, .wrongAudience)] as [(String?, TokenVerdict)]
        {
            let verifier = try await TokenVerifier(GripKey("changeme"), issuer: "slip-sockets", audience: audience, setting: "slip.jwtSecret")
            #expect(verifier.verify(token, at: 1_059) == verdict)
            #expect(verifier.verify(token, at: 1_060) == .expired)
        }
    }

    @Test func badKeyIsToldByItsSetting() async throws {
        let error = try await #require(throws: TokenKeyError.self) {
            try await TokenSigner(.file("/nowhere"), issuer: "pushpin", setting: "routes[1].grip.sigKey")
        }
        #expect(error.description.hasPrefix("routes[1].grip.sigKey: /nowhere cannot be read"))
    }
}
