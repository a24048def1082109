// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// What the app answers to one webhook of the `json` dialect: actions, carried out in order, all or none.
///
/// ```swift
/// var answer = webhook.answer()
/// try answer.setState(["user": "42"])
/// try answer.subscribe("room-7")
/// try answer.publish("42 joined", channel: "room-7", except: [answer.connection.id])
/// return answer.response
/// ```
///
/// Each function throws an ``AnswerError`` when the gateway would refuse the action; the answer then is as before. An empty answer is a yes to
/// `open`, and nothing to do otherwise.
public struct Answer: ActionList, Sendable {
    /// What is answered.
    public let webhook: Webhook
    /// The connection as this answer leaves it: its state and channels follow what was added for it without `to`.
    public private(set) var connection: Connection

    private var list = JSONList()
    private var decision: Decision?

    private enum Decision { case accepted, rejected }

    init(to webhook: Webhook) {
        self.webhook = webhook
        connection = webhook.connection
    }

    public mutating func append(_ action: Action) { list.append(action.json) }

    /// The HTTP answer: 200 and JSON.
    public var response: WebhookResponse { WebhookResponse(json: list.document(named: "actions")) }

    /// Lets the client in. Needed only to choose a subprotocol or to set headers.
    ///
    /// - Parameters:
    ///   - protocol: one of ``Event/Opening/protocols``; the gateway refuses any other.
    ///   - headers: for the handshake's answer, such as `set-cookie`.
    public mutating func accept(protocol: String? = nil, headers: HTTPFields = [:]) throws(AnswerError) {
        try decide(.accepted)
        append(.accept(protocol: `protocol`, headers: headers))
    }

    /// Refuses the client, with an HTTP answer of its own.
    ///
    /// - Parameter status: 300 to 599.
    public mutating func reject(status: HTTPResponse.Status = .forbidden, headers: HTTPFields = [:], body: String = "") throws(AnswerError) {
        guard (300...599).contains(status.code) else { throw AnswerError("reject.status: expected 300 to 599, found \(status.code)") }
        try decide(.rejected)
        append(.reject(status: status.code, headers: headers, body: body))
    }

    private mutating func decide(_ new: Decision) throws(AnswerError) {
        let name = new == .accepted ? "accept" : "reject"
        guard case .open? = webhook.events.first?.kind else { throw AnswerError("\(name): only possible in the answer to an open event") }
        guard decision == nil else { throw AnswerError("\(name): the answer has an accept or a reject already") }
        decision = new
    }

    /// Sends to this connection.
    public mutating func send(_ message: Message) throws(AnswerError) { append(.send(message, to: nil)) }

    /// Closes this connection.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    ///   - reason: at most 123 bytes.
    public mutating func close(code: Int = 1000, reason: String = "") throws(AnswerError) {
        append(.close(code: try Rules.closeCode(code), reason: try Rules.closeReason(reason), to: nil))
    }

    /// Subscribes this connection to a channel. Twice is the same as once.
    public mutating func subscribe(_ channel: String) throws(AnswerError) {
        append(.subscribe(try Rules.channel(channel), to: nil))
        if !connection.channels.contains(channel) { connection.channels.append(channel) }
    }

    /// Ends this connection's subscription to a channel, if it has one.
    public mutating func unsubscribe(_ channel: String) throws(AnswerError) {
        append(.unsubscribe(try Rules.channel(channel), to: nil))
        connection.channels.removeAll { $0 == channel }
    }

    /// Merges values into this connection's state; `nil` deletes a key. The gateway keeps 4 KiB per connection, if not told otherwise.
    public mutating func setState(_ patch: [String: String?]) throws(AnswerError) {
        append(.setState(patch, to: nil))
        for (key, value) in patch { connection.state[key] = value }
    }
}
