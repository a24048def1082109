// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// What the app answers to one webhook of the `slip` dialect: actions, carried out in order.
///
/// Each function throws an ``AnswerError`` when the gateway would refuse the action; the answer then is as before. An answer to `open` that neither
/// accepts nor closes is a yes, as in the `json` dialect: ``response`` then says it for the app.
public struct SlipAnswer: SlipActionList, Sendable {
    /// What is answered.
    public let webhook: SlipWebhook
    /// The connection as this answer leaves it: its metadata follows what was set without `to`.
    public private(set) var connection: SlipConnection

    private var list = JSONList()
    private var accept: SlipAction?
    private var isClosed = false

    init(to webhook: SlipWebhook) {
        self.webhook = webhook
        connection = webhook.connection
    }

    public mutating func append(_ action: SlipAction) { list.append(action.json) }

    /// The HTTP answer: 200 and JSON. What accepts comes first, as the convention wants it.
    public var response: WebhookResponse {
        var list = list
        if let accept = accept ?? (isOpening && !isClosed ? .accept(connection.id, protocol: nil) : nil) { list.insertFirst(accept.json) }
        return WebhookResponse(json: list.document(named: "events"))
    }

    private var isOpening: Bool {
        if case .open? = webhook.events.first?.kind { true } else { false }
    }

    /// Lets the client in. Needed only to choose a subprotocol, or to close at once what was let in.
    ///
    /// - Parameter protocol: one of ``Event/Opening/protocols``. The convention as it was published has no such choice.
    public mutating func accept(protocol: String? = nil) throws(AnswerError) {
        guard isOpening else { throw AnswerError("accept: only possible in the answer to an open event") }
        guard accept == nil else { throw AnswerError("accept: the answer has an accept already") }
        guard !isClosed else { throw AnswerError("accept: the answer has a close already") }
        accept = .accept(connection.id, protocol: `protocol`)
    }

    /// Closes this connection. In the answer to `open`, without ``accept(protocol:)``: refuses the client.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    ///   - reason: at most 123 bytes.
    ///   - status: what a refused client is answered with, 300 to 599; the reason is the body. Only in the answer to `open`, instead of an accept.
    ///     `nil` for the gateway's default. The convention as it was published has no such choice.
    public mutating func close(code: Int = 1000, reason: String = "", status: HTTPResponse.Status? = nil) throws(AnswerError) {
        if let status {
            guard isOpening, accept == nil else { throw AnswerError("close.status: only possible in the answer to an open event, without an accept") }
            guard (300...599).contains(status.code) else { throw AnswerError("close.status: expected 300 to 599, found \(status.code)") }
        }
        append(.close(connection.id, code: try Rules.closeCode(code), reason: try Rules.closeReason(reason), status: status?.code))
        isClosed = true
    }

    /// Sends to this connection.
    public mutating func send(_ message: Message) throws(AnswerError) { append(.send(message, to: connection.id)) }

    /// Subscribes this connection to a channel. Twice is the same as once.
    public mutating func subscribe(_ channel: String) throws(AnswerError) { append(.subscribe(try Rules.channel(channel), to: connection.id)) }

    /// Ends this connection's subscription to a channel, if it has one.
    public mutating func unsubscribe(_ channel: String) throws(AnswerError) {
        append(.unsubscribe(try Rules.channel(channel), to: connection.id))
    }

    /// Puts something in place of this connection's metadata; `nil` deletes it.
    public mutating func setMetadata(_ metadata: [String: JSONValue]?) throws(AnswerError) {
        let value = metadata.map { JSONValue.object($0) } ?? .null
        append(.setMetadata(value, to: connection.id))
        connection.metadata = value
    }
}
