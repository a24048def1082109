// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct WebhookSecretTests {
    @Test("The vector of the Standard Webhooks library is signed as there")
    func vector() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = secret.sign(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: ByteBuffer(string: "{\"test\": 2432232314}"))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("The signature covers the id, the time, each byte of the body, and depends on the secret")
    func coverage() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let other = try #require(WebhookSecret("whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signatures = [
            secret.sign(id: "a", timestamp: 1, body: ByteBuffer(string: "body")),
            secret.sign(id: "b", timestamp: 1, body: ByteBuffer(string: "body")),
            secret.sign(id: "a", timestamp: 2, body: ByteBuffer(string: "body")),
            secret.sign(id: "a", timestamp: 1, body: ByteBuffer(string: "bodz")),
            secret.sign(id: "a", timestamp: 1, body: ByteBuffer()), other.sign(id: "a", timestamp: 1, body: ByteBuffer(string: "body")),
        ]
        #expect(Set(signatures).count == signatures.count)
        #expect(signatures.allSatisfy { $0.hasPrefix("v1,") && $0.utf8.count == 3 + 44 })
    }

    @Test("Only the readable bytes of the body are signed")
    func readableBytes() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        var body = ByteBuffer(string: "skipped body")
        body.moveReaderIndex(forwardBy: 8)
        #expect(secret.sign(id: "a", timestamp: 1, body: body) == secret.sign(id: "a", timestamp: 1, body: ByteBuffer(string: "body")))
    }

    @Test(
        "A secret is 24 to 64 bytes", arguments: [(23, false), (24, true), (25, true), (32, true), (63, true), (64, true), (65, false), (0, false)])
    func length(_ count: Int, _ isAccepted: Bool) {
        // Three bytes make four letters; the rest is padded.
        let whole = String(repeating: "AAAA", count: count / 3)
        let rest = ["", "AA==", "AAA="][count % 3]
        #expect((WebhookSecret("whsec_" + whole + rest) != nil) == isAccepted)
    }

    @Test(
        "A text that is no secret is refused",
        arguments: [
            "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
            // Not base64, or not written as base64 must be.
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_w",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA===", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==", "whsec_MfKQ9r8GKYqr TwjUPD8ILPZIo2LaLaSw",
        ])
    func refuses(_ text: String) {
        #expect(WebhookSecret(text) == nil)
    }

    @Test("Two secrets are equal when their bytes are")
    func equality() {
        #expect(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") != WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"))
    }
}
