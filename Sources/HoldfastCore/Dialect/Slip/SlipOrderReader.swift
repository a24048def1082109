// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads `{"events": [ … ]}`, nearly the same in an app's answer and in a control request. A list alone is understood too: a published version
/// of the JavaScript client answered so.
struct SlipOrderReader {
    /// Where the list comes from.
    enum Origin {
        /// The answer to OPEN: a CLOSE may say the status of the refusal.
        case opening
        /// The answer to any other event. An ACCEPT there has no effect, and is no fault.
        case answer
        /// A control request: there is nothing to accept, and the caller may wait for a connection.
        case control
    }

    /// The longest that one control event waits.
    static let longestWait = Duration.seconds(10)

    let origin: Origin

    /// - Parameter body: in an answer an empty one, or white space alone, asks for nothing.
    /// - Throws: a ``DialectError`` that names the JSON path, or line and column where it is not JSON.
    static func read(_ body: ByteBuffer, from origin: Origin) throws(DialectError) -> [SlipOrder] {
        let isBlank = body.readableBytesView.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        if isBlank, case .control = origin {
            throw .notUnderstood("expected an object {\"events\": […]}, but the body is empty")
        }
        if isBlank { return [] }
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(body)
        } catch {
            throw .notUnderstood("not JSON: \(error)")
        }
        let list: JSONField
        if document.array != nil {
            list = JSONField(value: document, path: "events")
        } else {
            guard document.object != nil else { throw .notUnderstood("expected an object {\"events\": […]}, found \(document.kind)") }
            list = try JSONField(value: document, path: "").required("events", "an array")
        }
        let reader = SlipOrderReader(origin: origin)
        var orders: [SlipOrder] = []
        for entry in try list.array() { orders.append(try reader.order(entry)) }
        return orders
    }

    private var types: String {
        let common = "CLOSE, TEXT, BINARY, SUBSCRIBE, UNSUBSCRIBE, SET_METADATA, PUBLISH_TEXT, PUBLISH_BINARY, CLOSE_CHANNEL"
        return if case .control = origin { "\(common), POLL_FOR_CONNECTION" } else { "ACCEPT, \(common)" }
    }

    private func order(_ field: JSONField) throws(DialectError) -> SlipOrder {
        try field.checkObject()
        let type = try field.required("type", "one of \(types)")
        switch (try type.string(), origin) {
        case ("ACCEPT", .opening), ("ACCEPT", .answer): return .accept(try connection(field), protocol: try subprotocol(field))
        case ("ACCEPT", .control): throw type.invalid("only possible in the answer to OPEN")
        case ("CLOSE", _):
            let (code, reason) = try closing(field)
            return .close(try connection(field), code, reason: reason, status: try status(field))
        case ("TEXT", _): return .send(try connection(field), try text(field))
        case ("BINARY", _): return .send(try connection(field), try binary(field))
        case ("SUBSCRIBE", _): return .subscribe(try connection(field), try channel(field, "channel", or: "channelId"))
        case ("UNSUBSCRIBE", _): return .unsubscribe(try connection(field), try channel(field, "channel", or: "channelId"))
        case ("SET_METADATA", _):
            // Absent is what JavaScript makes of undefined.
            return .setMetadata(try connection(field), field.value["metadata"].map { String(buffer: $0.source) } ?? "null")
        case ("PUBLISH_TEXT", _): return .publish(try channel(field, "channelId", or: "channel"), try text(field))
        case ("PUBLISH_BINARY", _): return .publish(try channel(field, "channelId", or: "channel"), try binary(field))
        case ("CLOSE_CHANNEL", _):
            let (code, reason) = try closing(field)
            return .closeChannel(try channel(field, "channelId", or: "channel"), code, reason: reason)
        case ("POLL_FOR_CONNECTION", .control): return .poll(try connection(field), try timeout(field))
        case ("POLL_FOR_CONNECTION", _): throw type.invalid("only possible in a control request")
        case (let unknown, _): throw type.invalid("unknown type \"\(unknown)\"; accepted: \(types)")
        }
    }

    private func connection(_ field: JSONField) throws(DialectError) -> ConnectionID? {
        ConnectionID(try field.required("connectionId", "a connection's id").string())
    }

    /// The convention names a channel in two ways; either is taken everywhere.
    private func channel(_ field: JSONField, _ name: String, or other: String) throws(DialectError) -> ChannelName {
        let given = [field.optional(name), field.optional(other)].compactMap(\.self)
        guard let first = given.first else { throw .notUnderstood("\(field.path).\(name): expected a string, but it is missing") }
        let text = try first.string()
        if given.count > 1, try given[1].string() != text { throw field.invalid("\(name) and \(other) name different channels") }
        guard let channel = ChannelName(text) else { throw first.invalid(ChannelName.rule) }
        return channel
    }

    private func text(_ field: JSONField) throws(DialectError) -> Payload {
        .text(ByteBuffer(string: try field.required("data", "a string").string()))
    }

    private func binary(_ field: JSONField) throws(DialectError) -> Payload {
        let given = try field.required("data", "a string in base64")
        guard let bytes = Base64.decode(try given.string()) else { throw given.invalid("not base64") }
        return .binary(bytes)
    }

    private func subprotocol(_ field: JSONField) throws(DialectError) -> String? {
        guard let given = field.optional("subprotocol") else { return nil }
        guard case .opening = origin else { throw given.invalid("only possible in the answer to OPEN") }
        return try given.string()
    }

    private func status(_ field: JSONField) throws(DialectError) -> Int? {
        guard let given = field.optional("status") else { return nil }
        guard case .opening = origin else { throw given.invalid("only possible in the answer to OPEN") }
        let status = try given.integer()
        guard (300...599).contains(status) else { throw given.invalid("expected a status from 300 to 599, found \(status)") }
        return status
    }

    private func closing(_ field: JSONField) throws(DialectError) -> (CloseCode, String) {
        var code = CloseCode.normal
        if let given = field.optional("code") {
            let number = try given.integer()
            guard let raw = UInt16(exactly: number), CloseCode(raw).isAllowedFromApp else {
                throw given.invalid("expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found \(number)")
            }
            code = CloseCode(raw)
        }
        var reason = ""
        if let given = field.optional("reason") {
            reason = try given.string()
            guard reason.utf8.count <= CloseCode.maxReasonBytes else { throw given.invalid("longer than \(CloseCode.maxReasonBytes) bytes") }
        }
        return (code, reason)
    }

    /// Milliseconds, which may have a fraction; more than ``longestWait`` is taken for that.
    private func timeout(_ field: JSONField) throws(DialectError) -> Duration {
        let given = try field.required("timeout", "a number of milliseconds")
        guard case .number(let digits) = given.value.content, let number = Double(digits) else { throw given.expected("a number of milliseconds") }
        guard number >= 0 else { throw given.invalid("expected 0 or more milliseconds, found \(digits)") }
        return number < 10_000 ? .microseconds(Int64(number * 1000)) : Self.longestWait
    }
}
