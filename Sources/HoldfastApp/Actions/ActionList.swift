// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A list of actions that grows: the ``Answer`` to a webhook, or ``Actions`` for the control API.
///
/// Each function throws an ``AnswerError`` when the gateway would refuse the action; the list then is as before. `to` is a connection's id.
public protocol ActionList {
    mutating func append(_ action: Action)
}

extension ActionList {
    /// Sends one message to one connection.
    public mutating func send(_ message: Message, to id: String) throws(AnswerError) {
        append(.send(message, to: try Rules.connection(id)))
    }

    /// Closes one connection.
    ///
    /// - Parameters:
    ///   - code: 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.
    ///   - reason: at most 123 bytes.
    public mutating func close(code: Int = 1000, reason: String = "", to id: String) throws(AnswerError) {
        append(.close(code: try Rules.closeCode(code), reason: try Rules.closeReason(reason), to: try Rules.connection(id)))
    }

    /// Subscribes one connection to a channel. Twice is the same as once.
    public mutating func subscribe(_ channel: String, to id: String) throws(AnswerError) {
        append(.subscribe(try Rules.channel(channel), to: try Rules.connection(id)))
    }

    /// Ends one connection's subscription to a channel, if it has one.
    public mutating func unsubscribe(_ channel: String, to id: String) throws(AnswerError) {
        append(.unsubscribe(try Rules.channel(channel), to: try Rules.connection(id)))
    }

    /// Merges values into one connection's state; `nil` deletes a key.
    public mutating func setState(_ patch: [String: String?], to id: String) throws(AnswerError) {
        append(.setState(patch, to: try Rules.connection(id)))
    }

    /// Sends one message to each subscriber of a channel.
    ///
    /// - Parameters:
    ///   - channel: 1 to 256 bytes without control characters.
    ///   - except: ids of connections that do not get it.
    ///   - id: 1 to 256 bytes; the same channel and id again within 60 s is not delivered.
    public mutating func publish(_ message: Message, channel: String, except: [String] = [], id: String? = nil) throws(AnswerError) {
        append(.publish(message, channel: try Rules.channel(channel), except: except, id: try Rules.publicationID(id)))
    }

    /// Closes every subscriber of a channel, with a code and reason as for ``close(code:reason:to:)``.
    public mutating func closeChannel(_ channel: String, code: Int = 1000, reason: String = "") throws(AnswerError) {
        append(.closeChannel(try Rules.channel(channel), code: try Rules.closeCode(code), reason: try Rules.closeReason(reason)))
    }

    /// Opens an outbound connection, where the route's settings allow it. Its webhooks begin with `open`.
    ///
    /// - Parameter url: `ws` or `wss`.
    public mutating func dial(_ url: String, _ options: DialOptions = DialOptions()) throws(AnswerError) {
        append(.dial(try Rules.dialURL(url), options: options))
    }
}
