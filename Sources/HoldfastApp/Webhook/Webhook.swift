// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One call of the gateway, in the `json` dialect: what happened on a connection, one event or several in order.
public struct Webhook: Sendable, Hashable {
    /// Names these events; the same when the gateway repeats the webhook. `nil` where nothing was verified.
    ///
    /// To drop repeated events, compare ``Event/seq``: events of one webhook can come again in a larger one of another id.
    public let id: String?
    /// When this attempt was signed, in seconds since 1970. `nil` where nothing was verified.
    public let timestamp: Int?
    /// The connection as it was when the webhook left.
    public let connection: Connection
    /// What happened, in order. Never empty. `open` comes alone and first; `close` is always last.
    public let events: [Event]

    /// Whether a signature was checked: the body then is the gateway's.
    public var isVerified: Bool { id != nil }

    /// Verifies and reads one webhook.
    ///
    /// - Parameters:
    ///   - body: the bytes exactly as they came.
    ///   - verifier: the secrets, or ``WebhookVerifier/unverified``.
    /// - Throws: a ``WebhookError``, whose ``WebhookError/response`` is what to answer.
    public static func parse(
        headers: HTTPFields, body: some Collection<UInt8>, verifying verifier: WebhookVerifier
    ) throws(WebhookError) -> Webhook {
        let bytes = Array(body)
        let proof = try verifier.verify(headers, body: bytes)
        let content = try BodyReader.decode(Content.self, from: Data(bytes)) { WebhookError(.payload, $0) }
        guard !content.events.isEmpty else { throw WebhookError(.payload, "events: empty") }
        return Webhook(id: proof?.id, timestamp: proof?.timestamp, connection: content.connection, events: content.events)
    }

    /// A new, empty answer to this webhook.
    public func answer() -> Answer { Answer(to: self) }

    private struct Content: Decodable {
        let connection: Connection
        let events: [Event]
    }
}
