// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import AsyncHTTPClient
import Crypto
import HTTPTypes

/// The control API of the `slip` dialect: the same actions as in an answer, with a token for each request.
public struct SlipControl: Sendable {
    private let transport: ControlTransport

    /// - Parameters:
    ///   - url: where the control API is, `http://127.0.0.1:8081` by the gateway's default.
    ///   - secret: the gateway's `JWT_SECRET`. Each request has a token of its own that lasts 60 s.
    ///   - timeout: the longest that one attempt may take, to the last byte of the answer. Default 10 s.
    ///   - retries: how often a request is repeated that can be done twice without harm, after no answer, 502, 503 or 504: subscriptions and
    ///     metadata. Default never.
    ///   - client: makes the requests. Give your own to decide about TLS or proxies; it must not follow redirects.
    ///   - clock: seconds since 1970.
    /// - Throws: a ``ConfigurationError`` for values that cannot be used.
    public init(
        url: String, secret: String, timeout: Duration = .seconds(10), retries: Int = 0, client: HTTPClient = ControlClient.shared,
        clock: @escaping @Sendable () -> Int = WebhookVerifier.systemClock
    ) throws(ConfigurationError) {
        guard !secret.isEmpty else { throw ConfigurationError("secret: empty") }
        let key = SymmetricKey(data: Array(secret.utf8))
        transport = try ControlTransport(url: url, timeout: timeout, retries: retries, client: client) {
            "Bearer \(SlipToken.mint(key: key, audience: SlipToken.toGateway, now: clock()))"
        }
    }

    /// Has a list of actions done, in order. One that cannot be done is a result, not an error.
    ///
    /// - Returns: a result for each action, in their order; nothing from a gateway that speaks the convention as it was published, which tells only
    ///   that they were processed.
    @discardableResult
    public func perform(_ actions: SlipActions) async throws(ControlError) -> [ActionResult] {
        try await perform(actions, isRepeatable: false)
    }

    /// Sends one message to one connection.
    public func send(_ message: Message, to id: String) async throws(ControlError) {
        try await one(id) { list throws(AnswerError) in try list.send(message, to: id) }
    }

    /// Closes one connection.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    ///   - reason: at most 123 bytes.
    public func close(code: Int = 1000, reason: String = "", to id: String) async throws(ControlError) {
        try await one(id) { list throws(AnswerError) in try list.close(code: code, reason: reason, to: id) }
    }

    /// Subscribes one connection to a channel. Twice is the same as once.
    public func subscribe(_ channel: String, to id: String) async throws(ControlError) {
        try await one(id, isRepeatable: true) { list throws(AnswerError) in try list.subscribe(channel, to: id) }
    }

    /// Ends one connection's subscription to a channel, if it has one.
    public func unsubscribe(_ channel: String, to id: String) async throws(ControlError) {
        try await one(id, isRepeatable: true) { list throws(AnswerError) in try list.unsubscribe(channel, to: id) }
    }

    /// Puts something in place of one connection's metadata; `nil` deletes it.
    public func setMetadata(_ metadata: [String: JSONValue]?, to id: String) async throws(ControlError) {
        try await one(id, isRepeatable: true) { list throws(AnswerError) in try list.setMetadata(metadata, to: id) }
    }

    /// Sends one message to each subscriber of a channel.
    public func publish(_ message: Message, channel: String) async throws(ControlError) {
        try await one(channel) { list throws(AnswerError) in try list.publish(message, channel: channel) }
    }

    /// Closes every subscriber of a channel.
    public func closeChannel(_ channel: String, code: Int = 1000, reason: String = "") async throws(ControlError) {
        try await one(channel) { list throws(AnswerError) in try list.closeChannel(channel, code: code, reason: reason) }
    }

    /// - Parameter target: for the error that says that it is not there.
    private func one(_ target: String, isRepeatable: Bool = false, _ add: (inout SlipActions) throws(AnswerError) -> Void) async throws(ControlError)
    {
        var actions = SlipActions()
        do {
            try add(&actions)
        } catch {
            throw ControlError(.badRequest, detail: error.detail)
        }
        if let error = try await perform(actions, isRepeatable: isRepeatable).first?.error(for: target) { throw error }
    }

    private func perform(_ actions: SlipActions, isRepeatable: Bool) async throws(ControlError) -> [ActionResult] {
        struct Results: Decodable {
            let results: [ActionResult]?
        }

        let body = ControlTransport.Body(bytes: actions.json, contentType: "application/websocket-events")
        let answer = try await transport.send(.post, "", body, isRepeatable: isRepeatable)
        // Whoever is told 403 has no valid token: the convention has no 401.
        guard (200..<300).contains(answer.status) else { throw answer.error(forbidden: .unauthorized) }
        // Every 2xx is success, whatever it says: the convention's own client looks no further.
        return (try? answer.read(Results.self))?.results ?? []
    }
}
