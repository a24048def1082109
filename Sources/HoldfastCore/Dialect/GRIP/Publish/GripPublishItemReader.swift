// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads one item of a publish request. The order in which its members are looked at is Pushpin's, so that the same fault is told first.
struct GripPublishItemReader {
    /// The item's place in the list, from 0.
    let index: Int
    let maxMessageBytes: Int

    func read(_ item: GripPublishObject) throws(GripPublishError) -> Publication {
        let channel = try channel(item)
        let id = try self.id(item, "id")
        let previousID = try self.id(item, "prev-id")
        let formats = try formats(item)
        let response = try format("http-response", of: formats).map(response) ?? nil
        let stream = try format("http-stream", of: formats).map(stream) ?? nil
        let webSocket = try format("ws-message", of: formats).map(webSocket) ?? GripWebSocketFormat(form: .none)
        let meta = try meta(item)
        try checkSize(item)
        let isUnordered = try item.bool("no-seq") ?? false

        var details: PublicationDetails? = PublicationDetails(
            webSocket: webSocket.form, webSocketFilters: webSocket.filters, response: response, stream: stream, meta: meta,
            previousID: previousID, isUnordered: isUnordered)
        if details == PublicationDetails() { details = nil }
        return Publication(channel: channel, payload: webSocket.payload, id: id, details: details)
    }

    private func channel(_ item: GripPublishObject) throws(GripPublishError) -> ChannelName {
        guard let text = try item.string("channel") else { throw .format("\(item.name) does not contain 'channel'") }
        guard let name = ChannelName(text) else { throw item.invalidValue("channel", ChannelName.rule) }
        return name
    }

    /// - Returns: `nil` for an empty one too. To Pushpin that is an id like any other, and every later message with it a repetition.
    private func id(_ item: GripPublishObject, _ key: String) throws(GripPublishError) -> String? {
        guard let text = try item.string(key), !text.isEmpty else { return nil }
        guard PublicationID.isValid(text) else { throw item.invalidValue(key, PublicationID.rule) }
        return text
    }

    /// Where the formats stand: in `formats`, or beside it. Unknown ones have no effect, but in `formats` they count: an item of nothing else is
    /// no fault.
    private func formats(_ item: GripPublishObject) throws(GripPublishError) -> GripPublishObject {
        guard let given = item.member("formats") else {
            guard ["http-response", "http-stream", "ws-message"].contains(where: { item.member($0) != nil }) else {
                throw .format("no formats specified")
            }
            return item
        }
        guard let members = given.object else { throw item.wrongType("formats") }
        guard !members.isEmpty else { throw .format("no formats specified") }
        return try GripPublishObject(given, name: "'formats'")
    }

    private func format(_ name: String, of formats: GripPublishObject) throws(GripPublishError) -> GripPublishObject? {
        guard let value = formats.member(name) else { return nil }
        return try GripPublishObject(value, name: "'\(name)'")
    }

    private func meta(_ item: GripPublishObject) throws(GripPublishError) -> [String: String] {
        guard let given = item.member("meta") else { return [:] }
        guard let texts = try GripPublishObject.texts(of: given, else: { .format("'meta' contains '\($0)' with wrong type") }) else {
            throw item.wrongType("meta")
        }
        return Dictionary(texts, uniquingKeysWith: { $1 })
    }

    /// A publisher's own accounting, which nobody here needs; only checked.
    private func checkSize(_ item: GripPublishObject) throws(GripPublishError) {
        if let size = try item.integer("size"), size < 0 { throw item.invalidValue("size") }
    }

    // MARK: What the formats share

    func action(_ format: GripPublishObject) throws(GripPublishError) -> GripPublishAction {
        guard let text = try format.string("action") else { return .send }
        // Pushpin says no more than "Invalid format: ".
        guard let action = GripPublishAction(rawValue: text) else {
            throw .format("\(format.name) contains 'action' with unknown value: expected send, close, hint or refresh")
        }
        return action
    }

    /// - Returns: `nil` where any subscription will do, which an empty list does not say.
    func filters(_ format: GripPublishObject) throws(GripPublishError) -> [String]? {
        guard let values = try format.array("content-filters") else { return nil }
        var filters: [String] = []
        for value in values {
            guard let text = value.string else { throw .format("content-filters contains element with wrong type") }
            filters.append(text)
        }
        return filters
    }

    func checkLength(_ bytes: ByteBuffer, of format: GripPublishObject) throws(GripPublishError) {
        guard bytes.readableBytes <= maxMessageBytes else {
            throw .format("items[\(index)]: \(format.name) holds \(bytes.readableBytes) bytes, the limit is \(maxMessageBytes)")
        }
    }

    /// `content-bin`, or else `content`.
    func content(_ format: GripPublishObject) throws(GripPublishError) -> ByteBuffer? {
        let bytes: ByteBuffer
        if let given = try format.base64("content-bin") {
            bytes = given
        } else if let text = try format.string("content") {
            bytes = ByteBuffer(string: text)
        } else {
            return nil
        }
        try checkLength(bytes, of: format)
        return bytes
    }
}
