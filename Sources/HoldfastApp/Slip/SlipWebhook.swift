// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One call of the gateway, in the `slip` dialect: what happened on a connection.
public struct SlipWebhook: Sendable, Hashable {
    /// Whether a token was checked: whoever sent this has the secret. The token does not cover the body; see ``SlipVerifier``.
    public let isVerified: Bool
    public let connection: SlipConnection
    /// What happened, in order; one event, unless the route batches. Never empty.
    public let events: [SlipEvent]

    /// Verifies and reads one webhook.
    ///
    /// - Parameter verifier: the secrets, or ``SlipVerifier/unverified``.
    /// - Throws: a ``WebhookError``, whose ``WebhookError/response`` is what to answer.
    public static func parse(headers: HTTPFields, body: some Collection<UInt8>, verifying verifier: SlipVerifier) throws(WebhookError) -> SlipWebhook
    {
        let isVerified = try verifier.verify(headers)
        let content = try BodyReader.decode(Content.self, from: Data(body)) { WebhookError(.payload, $0) }
        guard !content.connectionId.isEmpty else { throw WebhookError(.payload, "connectionId: empty") }
        guard !content.events.isEmpty else { throw WebhookError(.payload, "events: empty") }
        let metadata = content.metadata ?? .null
        return SlipWebhook(
            isVerified: isVerified, connection: SlipConnection(id: content.connectionId, metadata: metadata),
            events: content.events.map { $0.completed(from: metadata) })
    }

    /// A new, empty answer to this webhook.
    public func answer() -> SlipAnswer { SlipAnswer(to: self) }

    private struct Content: Decodable {
        let connectionId: String
        let metadata: JSONValue?
        let events: [SlipEvent]
    }
}
