// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct TokenVerifierTests {
    private static let end = PyJWTTokens.madeAt + TokenSigner.lifetime

    // MARK: Signatures

    @Test(arguments: [
        ("changeme", PyJWTTokens.shortSecret), ("a secret of thirty-two bytes, ok", PyJWTTokens.secret),
        (String(repeating: "k", count: 100), PyJWTTokens.longSecret), ("base64:AP8A", PyJWTTokens.bytes),
    ])
    func tokensOfSecrets(_ key: String, _ token: String) async throws {
        let verifier = try await TokenVerifier(GripKey(key), issuer: "pushpin", setting: "grip.upstreamKey")
        #expect(verifier.verify(token, at: PyJWTTokens.madeAt) == .valid)
    }

    @Test(
        arguments: [
            (TestKeys.ecPublic, PyJWTTokens.ec, .valid), (TestKeys.ecPKCS8, PyJWTTokens.ec, .valid), (TestKeys.ecSEC1, PyJWTTokens.ec, .valid),
            (TestKeys.rsaPublic, PyJWTTokens.rsa, .valid), (TestKeys.rsaPublicPKCS1, PyJWTTokens.rsa, .valid),
            (TestKeys.rsaPKCS8, PyJWTTokens.rsa, .valid),
            ("00ff00", PyJWTTokens.bytes, .valid), (TestKeys.ecPublic, PyJWTTokens.otherEC, .badSignature),
            (TestKeys.ecPublic, PyJWTTokens.rsa, .badSignature),
            (TestKeys.rsaPublic, PyJWTTokens.ec, .badSignature), ("00ff00", PyJWTTokens.rsa, .badSignature),
            ("00ff00", PyJWTTokens.secret, .badSignature),
            // The same key by another algorithm, and the public key's text as secret.
            (TestKeys.rsaPublic, PyJWTTokens.rsaSHA512, .badSignature), (TestKeys.rsaPublic, PyJWTTokens.rsaPSS, .badSignature),
            (TestKeys.rsaPublic, PyJWTTokens.hmacOfRSAPublic, .badSignature), (TestKeys.rsaPKCS8, PyJWTTokens.hmacOfRSAPublic, .badSignature),
            (TestKeys.ecPublic, PyJWTTokens.hmacOfECPublic, .badSignature),
        ] as [(String, String, TokenVerdict)])
    func tokensOfFiles(_ content: String, _ token: String, _ verdict: TokenVerdict) async throws {
        let verifier = try await withKeyFile(content.utf8) { try await TokenVerifier(.file($0), setting: "grip.upstreamKey") }
        #expect(verifier.verify(token, at: PyJWTTokens.madeAt) == verdict)
    }

    /// What the two tokens above would have passed for, so that they are known to be the attack.
    @Test(arguments: [(TestKeys.rsaPublic, PyJWTTokens.hmacOfRSAPublic), (TestKeys.ecPublic, PyJWTTokens.hmacOfECPublic)])
    func textOfAPublicKeyIsASecretToHMAC(_ key: String, _ token: String) async throws {
        let verifier = try await TokenVerifier(.secret(Array((key + "\n").utf8)), setting: "grip.upstreamKey")
        #expect(verifier.verify(token, at: PyJWTTokens.madeAt) == .valid)
    }

    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":""}"#, #"{"alg":"hs256"}"#, #"{"alg":"HS256 "}"#, #"{"alg":"HS384"}"#, #"{"alg":"HS512"}"#,
        #"{"alg":"RS256"}"#, #"{"alg":"ES256"}"#, #"{"alg":"HS256","alg":"none"}"#,
    ])
    func keyDecidesOnTheAlgorithm(_ header: String) async throws {
        let token = try await token(header: header)
        #expect(try await verifier().verify(token, at: PyJWTTokens.madeAt) == .badSignature)
        // And with no signature at all.
        let bare = token.split(separator: ".").prefix(2).joined(separator: ".") + "."
        #expect(try await verifier().verify(bare, at: PyJWTTokens.madeAt) == .badSignature)
    }

    @Test func otherHashWithTheSameSecret() async throws {
        #expect(try await verifier("changeme").verify(PyJWTTokens.shortSecretSHA512, at: PyJWTTokens.madeAt) == .badSignature)
    }

    @Test(arguments: [("changeme", PyJWTTokens.shortSecret), (TestKeys.ecPublic, PyJWTTokens.ec), (TestKeys.rsaPublic, PyJWTTokens.rsa)])
    func oneChangedCharacterIsEnough(_ key: String, _ token: String) async throws {
        let verifier: TokenVerifier
        if key == "changeme" {
            verifier = try await self.verifier(key)
        } else {
            verifier = try await withKeyFile(key.utf8) { try await TokenVerifier(.file($0), setting: "grip.upstreamKey") }
        }
        let letters = Array(token.utf8)
        for index in letters.indices {
            var changed = letters
            for letter in "A_.= \u{0}".utf8 where letter != letters[index] {
                changed[index] = letter
                #expect(verifier.verify(String(decoding: changed, as: UTF8.self), at: PyJWTTokens.madeAt) != .valid)
            }
            changed.remove(at: index)
            #expect(verifier.verify(String(decoding: changed, as: UTF8.self), at: PyJWTTokens.madeAt) != .valid)
        }
    }

    // MARK: The envelope

    @Test(arguments: [
        "", ".", "..", "...", "a", "a.b", "a.b.c.d", "e30", "e30.e30", "e30.e30.", ".e30.e30", "e30.e30.AA.", "e30.e30.AA\n", "W10.e30.AA",
        "e3.e30.AA",
        "e30=.e30.AA", "\u{0}.\u{0}.\u{0}", "é.é.é", "e30.e\u{301}30.AA", "\u{FFFD}", "eyJhbGciOjV9.e30.AA",
    ])
    func whatIsNoToken(_ text: String) async throws {
        #expect(try await verifier().verify(text, at: 0) == .malformed)
    }

    @Test(arguments: [
        #"{"typ":"JWT"}"#, #"{"alg":5}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"["HS256"]"#, #""HS256""#, "null", "", "{", #"{"alg":"HS256"}}"#,
        #"{"alg":"HS256","crit":["b64"],"b64":false}"#, #"{"alg":"HS256","crit":[]}"#, #"{"alg":"HS256","crit":null}"#,
    ])
    func headersThatAreMalformed(_ header: String) async throws {
        let token = try await token(header: header)
        #expect(try await verifier().verify(token, at: PyJWTTokens.madeAt) == .malformed)
    }

    @Test(arguments: [#"{"alg":"HS256"}"#, #"{ "typ" : "JWT", "alg" : "HS256" }"#, #"{"alg":"HS256","kid":"another","jku":"http://localhost/"}"#])
    func headersThatPass(_ header: String) async throws {
        let token = try await token(header: header)
        #expect(try await verifier().verify(token, at: PyJWTTokens.madeAt) == .valid)
    }

    @Test func longestToken() async throws {
        // Three letters in base64 are four: this name fills the token up to the last byte.
        let issuer = String(repeating: "x", count: 6_056)
        let token = try await TokenSigner(GripKey("changeme"), issuer: issuer, setting: "grip.sigKey").sign(at: PyJWTTokens.madeAt)
        #expect(token.utf8.count == TokenVerifier.maxBytes)
        #expect(try await verifier("changeme").verify(token, at: PyJWTTokens.madeAt) == .valid)
        let longer = try await TokenSigner(GripKey("changeme"), issuer: issuer + "x", setting: "grip.sigKey").sign(at: PyJWTTokens.madeAt)
        #expect(longer.utf8.count > TokenVerifier.maxBytes)
        #expect(try await verifier("changeme").verify(longer, at: PyJWTTokens.madeAt) == .malformed)
        #expect(try await verifier().verify(String(repeating: ".", count: 1_000_000), at: 0) == .malformed)
    }

    @Test func anyBytesAreSurvived() async throws {
        let verifier = try await verifier("changeme")
        var random = UInt64(20_261_121)
        let alphabet = Array("eyJ0.-_=\"{}[]:,\u{0}\n ".utf8) + [0xFF, 0xC3, 0xA9]
        for _ in 0..<2_000 {
            var bytes = Array(PyJWTTokens.shortSecret.utf8)
            for _ in 0...3 {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let index = Int(random >> 33) % bytes.count
                switch random >> 20 & 3 {
                case 0: bytes[index] = alphabet[Int(random >> 40) % alphabet.count]
                case 1: bytes.insert(alphabet[Int(random >> 40) % alphabet.count], at: index)
                case 2: bytes.removeSubrange(index...)
                default: bytes.insert(contentsOf: bytes[..<index], at: index)
                }
                if bytes.isEmpty { bytes = [UInt8(ascii: ".")] }
            }
            guard bytes != Array(PyJWTTokens.shortSecret.utf8) else { continue }
            let verdict = verifier.verify(String(decoding: bytes, as: UTF8.self), at: PyJWTTokens.madeAt)
            #expect(verdict == .malformed || verdict == .badSignature)
        }
    }

    // MARK: Claims

    @Test(
        arguments: [
            (0, .valid), (-1, .valid), (end - 1, .valid), (end, .expired), (end + 1, .expired), (Int.max, .expired), (Int.min, .valid),
        ] as [(Int, TokenVerdict)])
    func tokenEndsAtItsSecond(_ now: Int, _ verdict: TokenVerdict) async throws {
        #expect(try await verifier("changeme").verify(PyJWTTokens.shortSecret, at: now) == verdict)
    }

    /// At the second 1000, for the issuer `pushpin`.
    private static let verdicts: [(String, TokenVerdict)] = [
        (#"{"iss":"pushpin","exp":1001}"#, .valid), (#"{"exp":1001,"iss":"pushpin","sub":"x","iat":5000}"#, .valid),
        (#"{"iss":"pushpin"}"#, .malformed), (#"{"iss":"pushpin","exp":"1001"}"#, .malformed), (#"{"iss":"pushpin","exp":null}"#, .malformed),
        (#"{"iss":"pushpin","exp":true}"#, .malformed), (#"{"iss":"pushpin","exp":[1001]}"#, .malformed),
        (#"{"iss":"pushpin","EXP":1001}"#, .malformed),
        (#"{"iss":"pushpin","exp":1000.5}"#, .valid), (#"{"iss":"pushpin","exp":1.001e3}"#, .valid),
        (#"{"iss":"pushpin","exp":999.9}"#, .expired),
        (#"{"iss":"pushpin","exp":1e999}"#, .malformed), (#"{"iss":"pushpin","exp":-1e999}"#, .malformed),
        (#"{"iss":"pushpin","exp":0}"#, .expired),
        (#"{"iss":"pushpin","exp":99999999999999999999999}"#, .valid), (#"{"iss":"pushpin","exp":-1}"#, .expired),
        (#"{"iss":"pushpin","exp":1001,"exp":1}"#, .expired), (#"{"iss":"pushpin","exp":0x500}"#, .malformed),
        (#"{"iss":"pushpin","exp":1001,"nbf":1000}"#, .valid), (#"{"iss":"pushpin","exp":1001,"nbf":1000.5}"#, .notYetValid),
        (#"{"iss":"pushpin","exp":9001,"nbf":1001}"#, .notYetValid), (#"{"iss":"pushpin","exp":1001,"nbf":"0"}"#, .malformed),
        (#"{"iss":"pushpin","exp":1001,"nbf":null}"#, .malformed), (#"{"exp":1001}"#, .wrongIssuer), (#"{"iss":"","exp":1001}"#, .wrongIssuer),
        (#"{"iss":"Pushpin","exp":1001}"#, .wrongIssuer), (#"{"iss":"pushpin ","exp":1001}"#, .wrongIssuer),
        (#"{"iss":7,"exp":1001}"#, .wrongIssuer),
        (#"{"iss":["pushpin"],"exp":1001}"#, .wrongIssuer), (#"{"iss":null,"exp":1001}"#, .wrongIssuer), (#"{"iss":"other","exp":1}"#, .expired),
        (#"{"iss":"pushpin","exp":1001,"aud":"me"}"#, .wrongAudience), (#"{"iss":"pushpin","exp":1001,"aud":[]}"#, .wrongAudience),
        ("[1001]", .malformed), ("1001", .malformed), ("", .malformed), ("{", .malformed), ("not json", .malformed),
        (String(repeating: "[", count: 3_000), .malformed),
    ]

    @Test(arguments: verdicts)
    func claims(_ claims: String, _ verdict: TokenVerdict) async throws {
        let token = try await token(claims: claims)
        #expect(try await verifier(issuer: "pushpin").verify(token, at: 1000) == verdict)
        // Nobody without the key learns what is wrong with a token.
        #expect(try await verifier("another", issuer: "pushpin").verify(token, at: 1000) == .badSignature)
    }

    /// For a verifier that is `ControlEvent`.
    private static let audiences: [(String, TokenVerdict)] = [
        (#""ControlEvent""#, .valid), (#"["ControlEvent"]"#, .valid), (#"["x","ControlEvent"]"#, .valid), (#""WebSocketEvent""#, .wrongAudience),
        (#""controlevent""#, .wrongAudience), (#""""#, .wrongAudience), ("null", .wrongAudience), ("7", .wrongAudience), ("[]", .wrongAudience),
        ("[7]", .wrongAudience), (#"{"ControlEvent":1}"#, .wrongAudience), (#"[["ControlEvent"]]"#, .wrongAudience),
    ]

    @Test(arguments: audiences)
    func audience(_ audience: String, _ verdict: TokenVerdict) async throws {
        let token = try await token(claims: #"{"iss":"slip-sockets","exp":1001,"aud":\#(audience)}"#)
        let verifier = try await TokenVerifier(GripKey("key"), issuer: "slip-sockets", audience: "ControlEvent", setting: "slip.jwtSecret")
        #expect(verifier.verify(token, at: 1000) == verdict)
        #expect(verifier.verify(token, at: 1001) == .expired)
    }

    @Test func audienceThatIsMissing() async throws {
        let verifier = try await TokenVerifier(GripKey("key"), audience: "ControlEvent", setting: "slip.jwtSecret")
        #expect(verifier.verify(try await token(claims: #"{"exp":1001}"#), at: 1000) == .wrongAudience)
    }

    @Test(arguments: [#"{"exp":1001}"#, #"{"iss":"anybody","exp":1001}"#, #"{"iss":7,"exp":1001}"#])
    func anyIssuerWhereNoneIsRequired(_ claims: String) async throws {
        let token = try await token(claims: claims)
        #expect(try await verifier().verify(token, at: 1000) == .valid)
    }

    /// One letter in one scalar or in two is the same to Swift, not to JSON.
    @Test func issuersAreComparedByTheirBytes() async throws {
        let token = try await token(claims: #"{"iss":"caf\#u{E9}","exp":1001}"#)
        #expect(try await verifier(issuer: "caf\u{E9}").verify(token, at: 1000) == .valid)
        #expect(try await verifier(issuer: "cafe\u{301}").verify(token, at: 1000) == .wrongIssuer)
    }

    @Test func claimsThatAreNotUTF8() async throws {
        let key = try await TokenKey(GripKey("key"), for: .signing, setting: "")
        let signed =
            Base64.encode(Array(#"{"alg":"HS256"}"#.utf8), urlSafe: true) + "."
            + Base64.encode(Array(#"{"exp":1001,"iss":""#.utf8) + [0xFF] + Array(#""}"#.utf8), urlSafe: true)
        #expect(try await verifier().verify(signed + "." + Base64.encode(try key.sign(signed), urlSafe: true), at: 1000) == .malformed)
    }

    // MARK: Making

    private func verifier(_ key: String = "key", issuer: String? = nil) async throws -> TokenVerifier {
        try await TokenVerifier(GripKey(key), issuer: issuer, setting: "grip.upstreamKey")
    }

    /// A token of the secret `key`, signed with HS256 whatever its header says.
    private func token(header: String = #"{"alg":"HS256"}"#, claims: String = #"{"iss":"pushpin","exp":2000003600}"#) async throws -> String {
        let key = try await TokenKey(GripKey("key"), for: .signing, setting: "")
        let signed = [header, claims].map { Base64.encode(Array($0.utf8), urlSafe: true) }.joined(separator: ".")
        return signed + "." + Base64.encode(try key.sign(signed), urlSafe: true)
    }
}
