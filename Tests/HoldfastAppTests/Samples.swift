// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import HTTPTypes

@testable import HoldfastApp

/// Webhooks as the gateway makes them.
enum Samples {
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let otherSecret = "whsec_" + Base64Text.encode(Array(repeating: UInt8(7), count: 32))
    static let now = 1_614_265_330

    static let chat = #"""
        {"connection":{"id":"n1.0.Zk3v9mQx0a2bJ4cdEfGh1w","direction":"inbound","route":"chat","remoteAddress":"203.0.113.9","path":"/chat",
        "query":"room=7&name=J%C3%B6rg+K","protocol":"v2.chat","headers":{"cookie":["a=1","b=2"]},"state":{"user":"42"},"channels":["room-7"]},
        "events":[{"seq":2,"type":"message","text":"hällo \"du\""},{"seq":3,"type":"message","base64":"AAEC"}]}
        """#

    static func event(_ event: String) -> String { #"{"connection":{"id":"c1"},"events":[\#(event)]}"# }

    static let opening = event(#"{"seq":1,"type":"open","headers":{"origin":["https://example.com"],"x-a":["1","2"]},"protocols":["a","b"]}"#)

    /// By a way of its own, with another library than the one that is tested.
    static func signature(_ secret: String, id: String, stamp: String, body: String) -> String {
        let key = SymmetricKey(data: Data(base64Encoded: String(secret.dropFirst(6))) ?? Data())
        return "v1," + Data(HMAC<SHA256>.authenticationCode(for: Data("\(id).\(stamp).\(body)".utf8), using: key)).base64EncodedString()
    }

    static func signed(_ body: String, secret: String = secret, id: String = "msg_1", at stamp: Int = now) -> HTTPFields {
        headers(["webhook-id": id, "webhook-timestamp": "\(stamp)", "webhook-signature": signature(secret, id: id, stamp: "\(stamp)", body: body)])
    }

    static func headers(_ members: [String: String]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in members { if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) } }
        return fields
    }

    static func webhook(_ body: String) throws -> Webhook { try Webhook.parse(headers: [:], body: body.utf8, verifying: .unverified) }

    static func slip(_ body: String) throws -> SlipWebhook { try SlipWebhook.parse(headers: [:], body: body.utf8, verifying: .unverified) }

    /// A token as any library would make it.
    static func token(
        head: String = #"{"alg":"HS256","typ":"JWT"}"#, _ claims: String, secret: String = "s3cret", signature: String? = nil
    ) -> String {
        let signed = "\(urlSafe(Data(head.utf8))).\(urlSafe(Data(claims.utf8)))"
        let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return "\(signed).\(signature ?? urlSafe(Data(code)))"
    }

    private static func urlSafe(_ data: Data) -> String {
        data.base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}

extension WebhookResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
