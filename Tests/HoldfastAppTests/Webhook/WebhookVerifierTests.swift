// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastApp

@Suite struct WebhookVerifierTests {
    private static func verifier(_ secrets: [String] = [Samples.secret], now: Int = Samples.now) throws -> WebhookVerifier {
        try WebhookVerifier(secrets: secrets, clock: { now })
    }

    /// The vector of the Standard Webhooks libraries. Its body is no webhook of ours, so the signature passes and the content does not.
    @Test func knownVector() throws {
        let headers = Samples.headers([
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ])
        let error = #expect(throws: WebhookError.self) {
            try Webhook.parse(headers: headers, body: #"{"test": 2432232314}"#.utf8, verifying: try Self.verifier())
        }
        #expect(error?.code == .payload)
        #expect(error?.detail == "connection: missing")
        #expect(throws: WebhookError.self) {
            try Webhook.parse(headers: headers, body: #"{"test": 2432232315}"#.utf8, verifying: try Self.verifier())
        }
    }

    /// What the gateway signs, this believes.
    @Test func signatureOfTheGateway() throws {
        let secret = try #require(WebhookSecret(Samples.secret))
        let signature = secret.sign(id: "msg_1", timestamp: Samples.now, body: ByteBuffer(string: Samples.chat))
        let headers = Samples.headers(["webhook-id": "msg_1", "webhook-timestamp": "\(Samples.now)", "webhook-signature": signature])
        let webhook = try Webhook.parse(headers: headers, body: Samples.chat.utf8, verifying: try Self.verifier())
        #expect(webhook.isVerified)
        #expect(webhook.id == "msg_1")
        #expect(webhook.timestamp == Samples.now)
    }

    @Test func unverifiedIsNeverTakenForVerified() throws {
        let webhook = try Webhook.parse(headers: Samples.signed(Samples.chat), body: Samples.chat.utf8, verifying: .unverified)
        #expect(!webhook.isVerified)
        #expect(webhook.id == nil)
        #expect(webhook.timestamp == nil)
    }

    /// While a secret is changed: the gateway signs with both, or the app knows both.
    @Test func severalSecretsAndSignatures() throws {
        let both =
            Samples.signature(Samples.otherSecret, id: "msg_1", stamp: "\(Samples.now)", body: Samples.chat)
            + " v1a,c29tZXRoaW5nIGVsc2U= nonsense " + Samples.signature(Samples.secret, id: "msg_1", stamp: "\(Samples.now)", body: Samples.chat)
        let headers = Samples.headers(["webhook-id": "msg_1", "webhook-timestamp": "\(Samples.now)", "webhook-signature": both])
        for secrets in [[Samples.secret], [Samples.otherSecret], [Samples.otherSecret, Samples.secret]] {
            #expect(try Webhook.parse(headers: headers, body: Samples.chat.utf8, verifying: try Self.verifier(secrets)).isVerified)
        }
        let new = try Self.verifier([Samples.otherSecret, Samples.secret])
        #expect(try Webhook.parse(headers: Samples.signed(Samples.chat), body: Samples.chat.utf8, verifying: new).isVerified)
    }

    @Test(
        arguments: [
            (["webhook-signature": nil], "webhook-signature: missing; the app expects signed webhooks"),
            (["webhook-id": nil], "webhook-id: missing; the app expects signed webhooks"),
            (["webhook-timestamp": nil], "webhook-timestamp: missing; the app expects signed webhooks"),
            (["webhook-id": ""], "webhook-id: missing; the app expects signed webhooks"),
            (["webhook-id": "msg_2"], "webhook-signature: made with another secret, or for another body"),
            (["webhook-timestamp": "1614265331"], "webhook-signature: made with another secret, or for another body"),
            (["webhook-timestamp": "01614265330"], "webhook-signature: made with another secret, or for another body"),
            (["webhook-timestamp": "+1614265330"], "webhook-timestamp: expected whole seconds since 1970"),
            (["webhook-timestamp": "1614265330.0"], "webhook-timestamp: expected whole seconds since 1970"),
            (["webhook-timestamp": "99999999999999999999"], "webhook-timestamp: expected whole seconds since 1970"),
            (["webhook-timestamp": "9223372036854775807"], "webhook-timestamp: too far ahead, more than 300 s from now"),
            (["webhook-signature": "v1,"], "webhook-signature: made with another secret, or for another body"),
            (["webhook-signature": "v2,AAAA"], "webhook-signature: expected v1, and base64"),
            (["webhook-signature": "v1,!"], "webhook-signature: expected v1, and base64"),
            (["webhook-signature": "v1,AAAA"], "webhook-signature: made with another secret, or for another body"),
        ] as [([String: String?], String)])
    func tamperedHeaders(_ changes: [String: String?], _ detail: String) throws {
        var members: [String: String] = [:]
        for field in Samples.signed(Samples.chat) { members[field.name.canonicalName] = field.value }
        for (name, value) in changes { members[name] = value }
        let error = #expect(throws: WebhookError.self) {
            try Webhook.parse(headers: Samples.headers(members), body: Samples.chat.utf8, verifying: try Self.verifier())
        }
        #expect(error == WebhookError(.signature, detail))
        #expect(error?.status == .unauthorized)
    }

    @Test func twoIDsAreNone() throws {
        var headers = Samples.signed(Samples.chat)
        headers.append(HTTPField(name: try #require(HTTPField.Name("webhook-id")), value: "msg_1"))
        let error = #expect(throws: WebhookError.self) {
            try Webhook.parse(headers: headers, body: Samples.chat.utf8, verifying: try Self.verifier())
        }
        #expect(error?.detail == "webhook-id: more than one")
    }

    @Test func anotherSecretOrBody() throws {
        #expect(throws: WebhookError.self) {
            try Webhook.parse(headers: Samples.signed(Samples.chat), body: Samples.chat.utf8, verifying: try Self.verifier([Samples.otherSecret]))
        }
        for body in [Samples.chat + " ", String(Samples.chat.dropLast()), ""] {
            #expect(throws: WebhookError.self) {
                try Webhook.parse(headers: Samples.signed(Samples.chat), body: body.utf8, verifying: try Self.verifier())
            }
        }
    }

    @Test(arguments: [(-301, false), (-300, true), (-1, true), (0, true), (300, true), (301, false)])
    func tolerance(_ drift: Int, _ isTaken: Bool) throws {
        let verifier = try Self.verifier(now: Samples.now + drift)
        let taken = (try? Webhook.parse(headers: Samples.signed(Samples.chat), body: Samples.chat.utf8, verifying: verifier)) != nil
        #expect(taken == isTaken)
    }

    @Test(arguments: [Int.min, -1, 0, Int.max])
    func absurdClocks(_ now: Int) throws {
        #expect(throws: WebhookError.self) {
            try Webhook.parse(headers: Samples.signed(Samples.chat), body: Samples.chat.utf8, verifying: try Self.verifier(now: now))
        }
    }

    @Test(arguments: [
        "", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + Data(count: 23).base64EncodedString(),
        "whsec_" + Data(count: 65).base64EncodedString(), "whsk_" + Data(count: 32).base64EncodedString(),
    ])
    func secretsOfAnotherForm(_ secret: String) {
        let error = #expect(throws: ConfigurationError.self) { try WebhookVerifier(secrets: [Samples.secret, secret]) }
        #expect(error?.detail == "secrets[1]: expected whsec_ followed by 24 to 64 bytes in base64")
    }

    @Test func noSecretIsNoChoice() {
        let error = #expect(throws: ConfigurationError.self) { try WebhookVerifier(secrets: []) }
        #expect(error?.detail == "secrets: expected at least one; for none at all, say .unverified")
        #expect(throws: ConfigurationError.self) { try WebhookVerifier(secrets: [Samples.secret], tolerance: .seconds(-1)) }
    }
}
