// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import HTTPTypes
import Testing

@testable import HoldfastApp

@Suite struct SlipTokenTests {
    private static let now = 2_000_000_000
    private static let good = #"{"iss":"slip-sockets","aud":"WebSocketEvent","iat":2000000000,"exp":2000000060}"#
    private static let body = #"{"connectionId":"c1","metadata":null,"events":[{"type":"CLOSE","connectionId":"c1"}]}"#

    private static func parse(
        _ authorization: String?, secrets: [String] = ["s3cret"], tolerance: Duration = .zero, now: Int = SlipTokenTests.now
    ) throws -> SlipWebhook {
        let verifier = try SlipVerifier(secrets: secrets, tolerance: tolerance, clock: { now })
        let headers: HTTPFields = authorization.map { [.authorization: $0] } ?? [:]
        return try SlipWebhook.parse(headers: headers, body: body.utf8, verifying: verifier)
    }

    @Test func goodTokens() throws {
        #expect(try Self.parse("Bearer \(Samples.token(SlipTokenTests.good))").isVerified)
        #expect(try Self.parse("bearer \(Samples.token(SlipTokenTests.good))", secrets: ["new", "s3cret"]).isVerified)
        let list = #"{"iss":"slip-sockets","aud":["x","WebSocketEvent"],"exp":2000000001.5,"later":{}}"#
        #expect(try Self.parse("Bearer \(Samples.token(list))").isVerified)
        #expect(try Self.parse("Bearer \(Samples.token(SlipTokenTests.good))", tolerance: .seconds(5), now: Self.now + 64).isVerified)
    }

    @Test func unverifiedIsNeverTakenForVerified() throws {
        let headers: HTTPFields = [.authorization: "Bearer \(Samples.token(SlipTokenTests.good))"]
        #expect(try !SlipWebhook.parse(headers: headers, body: Self.body.utf8, verifying: .unverified).isVerified)
    }

    @Test(
        arguments: [
            (Samples.token(SlipTokenTests.good, secret: "other"), "signed with another secret"),
            (Samples.token(SlipTokenTests.good, signature: ""), "signed with another secret"),
            (Samples.token(SlipTokenTests.good, signature: "AAAA"), "signed with another secret"),
            (Samples.token(head: #"{"alg":"none"}"#, SlipTokenTests.good, signature: ""), "expected a token signed by HS256"),
            (Samples.token(head: #"{"alg":"none"}"#, SlipTokenTests.good), "expected a token signed by HS256"),
            (Samples.token(head: #"{"alg":"RS256","typ":"JWT"}"#, SlipTokenTests.good), "expected a token signed by HS256"),
            (Samples.token(head: #"{"alg":"HS512"}"#, SlipTokenTests.good), "expected a token signed by HS256"),
            (Samples.token(head: #"{"alg":"hs256"}"#, SlipTokenTests.good), "expected a token signed by HS256"),
            (Samples.token(head: #"{"alg":"HS256","crit":["exp"]}"#, SlipTokenTests.good), "expected a token signed by HS256"),
            (Samples.token(head: #"{"typ":"JWT"}"#, SlipTokenTests.good), "its head: alg: missing"),
            (Samples.token(head: "[]", good), "its head: the body: expected an object"),
            (Samples.token("x"), "its claims: not JSON"),
            (Samples.token(#"{"iss":"slip-sockets","aud":"ControlEvent","exp":2000000060}"#), "expected the aud WebSocketEvent"),
            (Samples.token(#"{"iss":"slip-sockets","aud":[],"exp":2000000060}"#), "expected the aud WebSocketEvent"),
            (Samples.token(#"{"iss":"slip-sockets","exp":2000000060}"#), "expected the aud WebSocketEvent"),
            (Samples.token(#"{"iss":"somebody","aud":"WebSocketEvent","exp":2000000060}"#), "expected the iss slip-sockets"),
            (Samples.token(#"{"aud":"WebSocketEvent","exp":2000000060}"#), "expected the iss slip-sockets"),
            (Samples.token(#"{"iss":"slip-sockets","aud":"WebSocketEvent"}"#), "expected an exp that has not passed"),
            (Samples.token(#"{"iss":"slip-sockets","aud":"WebSocketEvent","exp":2000000000}"#), "expected an exp that has not passed"),
            (Samples.token(#"{"iss":"slip-sockets","aud":"WebSocketEvent","exp":"2000000060"}"#), "its claims: exp: expected a number"),
            (Samples.token(#"{"iss":"slip-sockets","aud":"WebSocketEvent","exp":2000000060,"nbf":2000000001}"#), "its nbf lies ahead"),
            ("", "no JSON Web Token"), ("a.b", "no JSON Web Token"), ("a.b.c.d", "no JSON Web Token"), ("!!!!.e30.AAAA", "no JSON Web Token"),
            (Samples.token(SlipTokenTests.good) + "=", "no JSON Web Token"), (String(repeating: "a", count: 8193), "longer than 8192 bytes"),
        ])
    func refused(_ token: String, _ why: String) {
        let error = #expect(throws: WebhookError.self) { try Self.parse("Bearer \(token)") }
        #expect(error == WebhookError(.signature, token.isEmpty ? "authorization: expected Bearer and a token" : "authorization: \(why)"))
    }

    @Test(
        arguments: [
            (nil, "missing; the app expects a token"), ("Basic YTpi", "expected Bearer and a token"), ("Bearer", "expected Bearer and a token"),
        ] as [(String?, String)])
    func noToken(_ authorization: String?, _ why: String) {
        let error = #expect(throws: WebhookError.self) { try Self.parse(authorization) }
        #expect(error?.detail == "authorization: \(why)")
    }

    @Test func minted() throws {
        let token = SlipToken.mint(key: SymmetricKey(data: Data("s3cret".utf8)), audience: SlipToken.toGateway, now: Self.now)
        #expect(token == Samples.token(#"{"iss":"slip-sockets","aud":"ControlEvent","iat":2000000000,"exp":2000000060}"#))
        // A token for the gateway is none for the app.
        #expect(throws: WebhookError(.signature, "authorization: expected the aud WebSocketEvent")) { try Self.parse("Bearer \(token)") }
    }

    @Test func secrets() {
        #expect(throws: ConfigurationError("secrets: expected at least one; for none at all, say .unverified")) { try SlipVerifier(secrets: []) }
        #expect(throws: ConfigurationError("secrets[1]: empty")) { try SlipVerifier(secrets: ["a", ""]) }
        #expect(throws: ConfigurationError.self) { try SlipVerifier(secrets: ["a"], tolerance: .seconds(-1)) }
    }
}
