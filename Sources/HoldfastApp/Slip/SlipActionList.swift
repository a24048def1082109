// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A list of actions that grows: the ``SlipAnswer`` to a webhook, or ``SlipActions`` for the control API.
///
/// Each function throws an ``AnswerError`` when the gateway would refuse the action; the list then is as before. `to` is a connection's id.
public protocol SlipActionList {
    mutating func append(_ action: SlipAction)
}

extension SlipActionList {
    /// Sends one message to one connection.
    public mutating func send(_ message: Message, to id: String) throws(AnswerError) { append(.send(message, to: try Rules.connection(id))) }

    /// Closes one connection.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    ///   - reason: at most 123 bytes.
    public mutating func close(code: Int = 1000, reason: String = "", to id: String) throws(AnswerError) {
        append(.close(try Rules.connection(id), code: try Rules.closeCode(code), reason: try Rules.closeReason(reason)))
    }

    /// Subscribes one connection to a channel. Twice is the same as once.
    public mutating func subscribe(_ channel: String, to id: String) throws(AnswerError) {
        append(.subscribe(try Rules.channel(channel), to: try Rules.connection(id)))
    }

    /// Ends one connection's subscription to a channel, if it has one.
    public mutating func unsubscribe(_ channel: String, to id: String) throws(AnswerError) {
        append(.unsubscribe(try Rules.channel(channel), to: try Rules.connection(id)))
    }

    /// Puts something in place of one connection's metadata; `nil` deletes it.
    public mutating func setMetadata(_ metadata: [String: JSONValue]?, to id: String) throws(AnswerError) {
        append(.setMetadata(metadata.map { .object($0) } ?? .null, to: try Rules.connection(id)))
    }

    /// Sends one message to each subscriber of a channel.
    ///
    /// - Parameter channel: 1 to 256 bytes without control characters.
    public mutating func publish(_ message: Message, channel: String) throws(AnswerError) {
        append(.publish(message, channel: try Rules.channel(channel)))
    }

    /// Closes every subscriber of a channel, with a code and reason as for ``close(code:reason:to:)``.
    public mutating func closeChannel(_ channel: String, code: Int = 1000, reason: String = "") throws(AnswerError) {
        append(.closeChannel(try Rules.channel(channel), code: try Rules.closeCode(code), reason: try Rules.closeReason(reason)))
    }
}
