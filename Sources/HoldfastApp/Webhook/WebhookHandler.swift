// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import Logging

/// The whole HTTP side of an app behind a route of the `json` dialect: verifies, reads, asks the app about each event, answers.
///
/// ```swift
/// let chat = WebhookHandler(verifying: try WebhookVerifier(secrets: ["whsec_…"])) { event, answer in
///     switch event.kind {
///     case .open: try answer.subscribe("lobby")
///     case .message(.text(let text)): try answer.publish(.text(text), channel: "lobby")
///     default: break
///     }
/// }
/// ```
///
/// Hand it each request that the gateway makes, and send back what it returns; it fits any framework.
public struct WebhookHandler: Sendable {
    /// Is called for each event of a webhook, in order, always with the same answer. ``Answer/connection`` is the connection.
    public typealias Respond = @Sendable (_ event: Event, _ answer: inout Answer) async throws -> Void

    /// The longest body that is read; a longer one is answered with 413. Default 16 MiB.
    public let maxBodyBytes: Int

    private let verifier: WebhookVerifier
    private let logger: Logger
    private let respond: Respond

    /// - Parameters:
    ///   - verifier: the secrets, or ``WebhookVerifier/unverified``.
    ///   - maxBodyBytes: the longest body that is read.
    ///   - logger: hears of errors that `respond` throws.
    ///   - respond: what the app does. When it throws, the answer is 500 without a word of why, and the gateway repeats the webhook.
    public init(
        verifying verifier: WebhookVerifier, maxBodyBytes: Int = 16 << 20, logger: Logger = Logger(label: "HoldfastApp"), respond: @escaping Respond
    ) {
        self.verifier = verifier
        self.maxBodyBytes = maxBodyBytes
        self.logger = logger
        self.respond = respond
    }

    /// Answers one request.
    ///
    /// - Parameter body: the bytes exactly as they came.
    /// - Returns: 200 with actions; 401, 400, 405 or 413 with a line of text for what is no webhook; 500 when the app threw.
    public func respond(to request: HTTPRequest, body: some Collection<UInt8>) async -> WebhookResponse {
        await HandlerSteps.run(request, bodyBytes: body.count, maxBodyBytes: maxBodyBytes, logger: logger) { () throws(WebhookError) in
            try Webhook.parse(headers: request.headerFields, body: body, verifying: verifier)
        } answer: { webhook in
            var answer = webhook.answer()
            for event in webhook.events { try await respond(event, &answer) }
            return answer.response
        }
    }

    /// Answers one request of a framework that has types of its own for methods and headers.
    public func respond(
        method: String, headers: some Sequence<(name: String, value: String)>, body: some Collection<UInt8>
    ) async -> WebhookResponse {
        await respond(to: HandlerSteps.request(method: method, headers: headers), body: body)
    }
}
