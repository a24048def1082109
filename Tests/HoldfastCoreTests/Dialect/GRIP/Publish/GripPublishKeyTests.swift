// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct GripPublishKeyTests {
    private static let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln"

    @Test(
        "A key is text, or bytes in base64",
        arguments: [("k", [0x6B]), ("base64:AP8=", [0x00, 0xFF]), ("base64", Array("base64".utf8)), ("Base64:AA==", Array("Base64:AA==".utf8))]
            as [(String, [UInt8])])
    func keys(_ text: String, _ bytes: [UInt8]) throws {
        #expect(try #require(GripPublishKey(text)).hmacKey == ByteBuffer(bytes: bytes))
    }

    @Test("What is no key", arguments: ["", "base64:", "base64:!", "base64:AP8", "base64: AP8="])
    func noKeys(_ text: String) {
        #expect(GripPublishKey(text) == nil)
    }

    @Test(
        "Who says the key may publish; a token is for the caller to verify",
        arguments: [
            ("key", nil, .bearer("key"), .allowed), ("key", nil, .bearer("kez"), .refused), ("key", nil, .bearer("keys"), .refused),
            ("key", nil, .bearer("ke"), .refused), ("key", nil, .none, .refused), ("key", nil, .unreadable, .refused),
            ("key", nil, .bearer(jwt), .verify(token: jwt)), (jwt, nil, .bearer(jwt), .allowed), ("key", "iss", .bearer("key"), .allowed),
            ("key", nil, .basic(user: "anybody", password: "key"), .allowed), ("key", nil, .basic(user: "key", password: ""), .refused),
            ("key", nil, .basic(user: "", password: jwt), .refused), ("key", "iss", .basic(user: "iss", password: "key"), .allowed),
            ("key", "iss", .basic(user: "other", password: "key"), .refused), ("key", "iss", .basic(user: "", password: "key"), .refused),
            ("key", "iss", .basic(user: "iss", password: "iss"), .refused),
            // base64:a2V5 is "key".
            ("base64:a2V5", nil, .bearer("key"), .allowed), ("base64:a2V5", nil, .bearer("base64:a2V5"), .allowed),
            ("base64:a2V5", nil, .bearer("a2V5"), .refused), ("base64:a2V5", nil, .basic(user: "", password: "key"), .allowed),
            ("base64:AP8=", nil, .bearer("base64:AP8="), .allowed), ("base64:AP8=", nil, .bearer("\u{0}\u{fffd}"), .refused),
            ("é", nil, .bearer("e\u{301}"), .refused),
        ] as [(String, String?, GripAuthorization, GripPublishKey.Verdict)])
    func verdicts(_ key: String, _ issuer: String?, _ authorization: GripAuthorization, _ verdict: GripPublishKey.Verdict) throws {
        #expect(try #require(GripPublishKey(key, issuer: issuer)).judge(authorization) == verdict)
    }
}
