// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import AsyncHTTPClient
import HTTPTypes

/// The gateway's control API: what an app can have done at any time, from any process.
///
/// ```swift
/// let control = try Control(url: "http://127.0.0.1:8081", token: token)
/// try await control.publish("the shop closes", channel: "lobby")
/// ```
///
/// Redirects are not followed: the URL must be the API's own. For routes of the `slip` dialect there is ``SlipControl``.
public struct Control: Sendable {
    private let transport: ControlTransport

    /// - Parameters:
    ///   - url: where the control API is, `http://127.0.0.1:8081` by the gateway's default.
    ///   - token: the gateway's `control.token`; `nil` where it has none.
    ///   - timeout: the longest that one attempt may take, to the last byte of the answer. Default 10 s.
    ///   - retries: how often a request is repeated that can be done twice without harm, after no answer, 502, 503 or 504: lists, subscriptions,
    ///     state, publications with an id. Default never.
    ///   - client: makes the requests. Give your own to decide about TLS or proxies; it must not follow redirects.
    /// - Throws: a ``ConfigurationError`` for values that cannot be used.
    public init(
        url: String, token: String? = nil, timeout: Duration = .seconds(10), retries: Int = 0, client: HTTPClient = ControlClient.shared
    ) throws(ConfigurationError) {
        if let token, token.isEmpty { throw ConfigurationError("token: empty; leave it out where the gateway has none") }
        let header = token.map { "Bearer \($0)" }
        transport = try ControlTransport(url: url, timeout: timeout, retries: retries, client: client) { header }
    }

    /// Has a list of actions done, in order. One that cannot be done is a result, not an error.
    ///
    /// - Returns: a result for each action, in their order.
    /// - Throws: a ``ControlError``; nothing was done when the gateway refuses the list.
    public func perform(_ actions: Actions) async throws(ControlError) -> [ActionResult] { try await perform(actions, isRepeatable: false) }

    /// Sends one message to each subscriber of a channel.
    ///
    /// - Parameters:
    ///   - channel: 1 to 256 bytes without control characters.
    ///   - except: ids of connections that do not get it.
    ///   - id: 1 to 256 bytes; the same channel and id again within 60 s is not delivered.
    @discardableResult
    public func publish(
        _ message: Message, channel: String, except: [String] = [], id: String? = nil
    ) async throws(ControlError) -> PublishResult {
        struct Delivered: Decodable {
            let delivered: Int
            let duplicate: Bool?
        }

        guard except.isEmpty else {
            let result = try await one(channel, isRepeatable: id != nil) { list throws(AnswerError) in
                try list.publish(message, channel: channel, except: except, id: id)
            }
            return PublishResult(delivered: result.delivered ?? 0, isDuplicate: result.status == .duplicate)
        }
        try checked { () throws(AnswerError) in
            _ = try Rules.channel(channel)
            _ = try Rules.publicationID(id)
        }
        let target = "/v1/channels/\(QueryText.encode(channel))/messages" + (id.map { "?id=\(QueryText.encode($0))" } ?? "")
        let answer = try await transport.send(.post, target, ControlTransport.Body(message), isRepeatable: id != nil)
        let told = try answer.read(Delivered.self)
        return PublishResult(delivered: told.delivered, isDuplicate: told.duplicate ?? false)
    }

    /// Sends one message to one connection.
    public func send(_ message: Message, to id: String) async throws(ControlError) {
        try checked { () throws(AnswerError) in _ = try Rules.connection(id) }
        let target = "/v1/connections/\(QueryText.encode(id))/messages"
        let answer = try await transport.send(.post, target, ControlTransport.Body(message), isRepeatable: false)
        guard (200..<300).contains(answer.status) else { throw answer.error() }
    }

    /// Closes one connection.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    ///   - reason: at most 123 bytes.
    public func close(code: Int = 1000, reason: String = "", to id: String) async throws(ControlError) {
        _ = try await one(id) { list throws(AnswerError) in try list.close(code: code, reason: reason, to: id) }
    }

    /// Subscribes one connection to a channel. Twice is the same as once.
    public func subscribe(_ channel: String, to id: String) async throws(ControlError) {
        _ = try await one(id, isRepeatable: true) { list throws(AnswerError) in try list.subscribe(channel, to: id) }
    }

    /// Ends one connection's subscription to a channel, if it has one.
    public func unsubscribe(_ channel: String, to id: String) async throws(ControlError) {
        _ = try await one(id, isRepeatable: true) { list throws(AnswerError) in try list.unsubscribe(channel, to: id) }
    }

    /// Merges values into one connection's state; `nil` deletes a key.
    public func setState(_ patch: [String: String?], to id: String) async throws(ControlError) {
        _ = try await one(id, isRepeatable: true) { list throws(AnswerError) in try list.setState(patch, to: id) }
    }

    /// Closes every subscriber of a channel.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func closeChannel(_ channel: String, code: Int = 1000, reason: String = "") async throws(ControlError) -> Int {
        let result = try await one(channel) { list throws(AnswerError) in try list.closeChannel(channel, code: code, reason: reason) }
        return result.delivered ?? 0
    }

    /// Opens an outbound connection, where the route's settings allow it.
    ///
    /// - Parameter url: `ws` or `wss`.
    /// - Returns: the id that the connection has.
    @discardableResult
    public func dial(_ url: String, _ options: DialOptions = DialOptions()) async throws(ControlError) -> String {
        let result = try await one(url) { list throws(AnswerError) in try list.dial(url, options) }
        guard let id = result.id else { throw ControlError(.unexpected, detail: "the gateway did not name the connection") }
        return id
    }

    private func one(
        _ target: String, isRepeatable: Bool = false, _ add: (inout Actions) throws(AnswerError) -> Void
    ) async throws(ControlError) -> ActionResult {
        var actions = Actions()
        try checked { () throws(AnswerError) in try add(&actions) }
        guard let result = try await perform(actions, isRepeatable: isRepeatable).first else {
            throw ControlError(.unexpected, detail: "the gateway answered without a result")
        }
        if let error = result.error(for: target) { throw error }
        return result
    }

    /// What the gateway would refuse is not sent.
    private func checked(_ check: () throws(AnswerError) -> Void) throws(ControlError) {
        do {
            try check()
        } catch {
            throw ControlError(.badRequest, detail: error.detail)
        }
    }

    private func perform(_ actions: Actions, isRepeatable: Bool) async throws(ControlError) -> [ActionResult] {
        struct Results: Decodable {
            let results: [ActionResult]
        }

        let body = ControlTransport.Body(bytes: actions.json, contentType: "application/json")
        let answer = try await transport.send(.post, "/v1/actions", body, isRepeatable: isRepeatable)
        let results = try answer.read(Results.self).results
        guard results.count == actions.count else {
            throw ControlError(.unexpected, status: answer.status, detail: "\(results.count) results for \(actions.count) actions")
        }
        return results
    }
}

extension Control {
    /// The held connections.
    ///
    /// - Parameters:
    ///   - route: only those of the route with this name.
    ///   - channel: only subscribers of this channel.
    public func connections(route: String? = nil, channel: String? = nil) -> ControlPages<ConnectionSummary> {
        struct Content: Decodable {
            let connections: [ConnectionSummary]
            let next: String?
        }

        return ControlPages { after throws(ControlError) in
            let content = try await get("/v1/connections", Content.self, ["route": route, "channel": channel, "after": after])
            return .init(elements: content.connections, next: content.next)
        }
    }

    /// One connection, as it is now.
    ///
    /// - Throws: a ``ControlError`` with the code `notFound` when no node has it.
    public func connection(_ id: String) async throws(ControlError) -> ConnectionSummary {
        try await get("/v1/connections/\(QueryText.encode(id))", ConnectionSummary.self)
    }

    /// The channels that have subscribers.
    public func channels() -> ControlPages<ChannelSummary> {
        struct Content: Decodable {
            let channels: [ChannelSummary]
            let next: String?
        }

        return ControlPages { after throws(ControlError) in
            let content = try await get("/v1/channels", Content.self, ["after": after])
            return .init(elements: content.channels, next: content.next)
        }
    }

    /// One channel. One that nobody subscribes to has 0 subscribers.
    public func channel(_ name: String) async throws(ControlError) -> ChannelSummary {
        try await get("/v1/channels/\(QueryText.encode(name))", ChannelSummary.self, ["limit": "1"])
    }

    /// The ids of a channel's subscribers.
    public func subscribers(_ channel: String) -> ControlPages<String> {
        struct Content: Decodable {
            let connections: [String]
            let next: String?
        }

        return ControlPages { after throws(ControlError) in
            let content = try await get("/v1/channels/\(QueryText.encode(channel))", Content.self, ["after": after])
            return .init(elements: content.connections, next: content.next)
        }
    }

    private func get<Content: Decodable>(
        _ path: String, _ type: Content.Type, _ query: [String: String?] = [:]
    ) async throws(ControlError) -> Content {
        let pairs = query.compactMap { name, value in value.map { "\(name)=\(QueryText.encode($0))" } }.sorted().joined(separator: "&")
        let answer = try await transport.send(.get, pairs.isEmpty ? path : "\(path)?\(pairs)", isRepeatable: true)
        return try answer.read(type)
    }
}
