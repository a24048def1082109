// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
package import NIOCore

/// Reads `{"actions": [ … ]}`, the same in an app's answer and on the control API.
package enum JSONActionReader {
    /// Where the actions come from.
    package enum Origin: Sendable {
        /// An answer: `to` defaults to the connection answered for.
        case answer
        /// The control API: `to` must be given; there is nothing to accept or reject.
        case control
    }

    /// The action types, for error messages.
    private static let types = "accept, reject, send, close, subscribe, unsubscribe, publish, closeChannel, setState, dial"

    /// - Parameter body: in an answer an empty one, white space alone, and an object without `actions` ask for nothing.
    /// - Throws: a ``DialectError`` that names the JSON path, or line and column where it is not JSON.
    package static func read(_ body: ByteBuffer, from origin: Origin) throws(DialectError) -> [Action] {
        if case .answer = origin {
            if let sends = JSONSendReader.read(body) { return sends }
            if body.isBlank { return [] }
        }
        return try readAny(body, from: origin)
    }

    /// The same by way of values, for all there is.
    static func readAny(_ body: ByteBuffer, from origin: Origin) throws(DialectError) -> [Action] {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(body)
        } catch {
            throw .notUnderstood("not JSON: \(error)")
        }
        let root = JSONField(value: document, path: "")
        guard document.object != nil else { throw .notUnderstood("expected an object {\"actions\": […]}, found \(document.kind)") }
        if root.optional("actions") == nil, case .answer = origin { return [] }
        let list = try root.required("actions", "an array")
        var actions: [Action] = []
        for field in try list.array() { actions.append(try action(field, origin)) }
        return actions
    }

    private static func action(_ field: JSONField, _ origin: Origin) throws(DialectError) -> Action {
        try field.checkObject()
        let type = try field.required("type", "one of \(types)")
        switch (try type.string(), origin) {
        case ("accept", .answer): return try accept(field)
        case ("reject", .answer): return .reject(try refusal(field))
        case ("accept", .control), ("reject", .control): throw type.invalid("only possible in the answer to an open event")
        case ("send", _): return .send(try payload(field), to: try target(field, origin))
        case ("close", _):
            let (code, reason) = try closing(field)
            return .close(code, reason: reason, to: try target(field, origin))
        case ("subscribe", _): return .subscribe(try channel(field), to: try target(field, origin))
        case ("unsubscribe", _): return .unsubscribe(try channel(field), to: try target(field, origin))
        case ("publish", _): return .publish(try publication(field))
        case ("closeChannel", _):
            let (code, reason) = try closing(field)
            return .closeChannel(try channel(field), code: code, reason: reason)
        case ("setState", _): return .setState(try patch(field), to: try target(field, origin))
        case ("dial", .answer): return .dial(try JSONDialReader.request(field), route: nil)
        case ("dial", .control): return try JSONDialReader.action(field)
        case (let unknown, _): throw type.invalid("unknown action \"\(unknown)\"; accepted: \(types)")
        }
    }

    private static func accept(_ field: JSONField) throws(DialectError) -> Action {
        var chosen: String?
        if let name = field.optional("protocol") { chosen = try name.string() }
        let headers = try headers(field.optional("headers"), besides: ["sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol"])
        return .accept(protocol: chosen, headers: headers)
    }

    private static func refusal(_ field: JSONField) throws(DialectError) -> Refusal {
        var status = 403
        if let given = field.optional("status") {
            status = try given.integer()
            guard (300...599).contains(status) else { throw given.invalid("expected a status from 300 to 599, found \(status)") }
        }
        var body = ""
        if let given = field.optional("body") { body = try given.string() }
        return Refusal(status: status, headers: try headers(field.optional("headers"), besides: []), body: body)
    }

    /// Names to values or lists of values. What the gateway itself must say about the connection cannot be set.
    static func headers(_ field: JSONField?, besides reserved: [String]) throws(DialectError) -> [OpeningRequest.Field] {
        guard let field else { return [] }
        let reserved = reserved + ["connection", "upgrade", "content-length", "transfer-encoding", "keep-alive", "trailer", "te"]
        var headers: [OpeningRequest.Field] = []
        for (name, value) in try field.members() {
            let lower = name.lowercased()
            guard Handshake.isToken(name) else { throw value.invalid("not a header name") }
            guard !reserved.contains(lower) else { throw value.invalid("this header is the gateway's own") }
            let values = value.value.array == nil ? [value] : try value.array()
            for value in values {
                let text = try value.string()
                guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { throw value.invalid("a control character in a header") }
                headers.append(OpeningRequest.Field(name: lower, value: text))
            }
        }
        return headers
    }

    private static func payload(_ field: JSONField) throws(DialectError) -> Payload {
        // A JSON null is a message too, so presence counts here, not value.
        let text = field.value["text"]
        let json = field.value["json"]
        let base64 = field.value["base64"]
        switch (text, json, base64) {
        case (let value?, nil, nil):
            guard let bytes = value.text else { throw field.member("text", value).expected("a string") }
            return .text(bytes)
        case (nil, let value?, nil): return .text(value.source)
        case (nil, nil, let value?):
            let content = field.member("base64", value)
            guard let bytes = Base64.decode(try content.string()) else { throw content.invalid("not base64") }
            return .binary(bytes)
        default:
            let given = [("text", text), ("json", json), ("base64", base64)].filter { $0.1 != nil }.map(\.0)
            throw field.invalid("expected exactly one of text, json, base64, found \(given.isEmpty ? "none" : given.joined(separator: " and "))")
        }
    }

    private static func closing(_ field: JSONField) throws(DialectError) -> (CloseCode, String) {
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

    private static func channel(_ field: JSONField) throws(DialectError) -> ChannelName {
        let given = try field.required("channel", "a string")
        guard let name = ChannelName(try given.string()) else { throw given.invalid(ChannelName.rule) }
        return name
    }

    private static func target(_ field: JSONField, _ origin: Origin) throws(DialectError) -> ConnectionID? {
        switch origin {
        case .answer: try field.optional("to").map(connection)
        case .control: try connection(try field.required("to", "a connection's id"))
        }
    }

    private static func connection(_ field: JSONField) throws(DialectError) -> ConnectionID {
        guard let id = ConnectionID(try field.string()) else { throw field.invalid("not a connection's id") }
        return id
    }

    private static func publication(_ field: JSONField) throws(DialectError) -> Publication {
        var except: [ConnectionID] = []
        if let list = field.optional("except") {
            for entry in try list.array() { except.append(try connection(entry)) }
        }
        var id: String?
        if let given = field.optional("id") {
            let text = try given.string()
            guard PublicationID.isValid(text) else { throw given.invalid(PublicationID.rule) }
            id = text
        }
        return Publication(channel: try channel(field), payload: try payload(field), except: except, id: id)
    }

    static func patch(_ field: JSONField) throws(DialectError) -> StatePatch {
        var changes: [StatePatch.Change] = []
        for (key, value) in try field.required("state", "an object").members() {
            if value.value.isNull {
                changes.append(StatePatch.Change(key: key, value: nil))
            } else {
                guard let text = value.value.string else { throw value.expected("a string or null") }
                changes.append(StatePatch.Change(key: key, value: text))
            }
        }
        return StatePatch(changes)
    }
}

/// What may be the id of a publication.
package enum PublicationID {
    package static let maxBytes = 256
    package static let rule = "expected 1 to \(maxBytes) bytes"

    package static func isValid(_ text: String) -> Bool { (1...maxBytes).contains(text.utf8.count) }
}

extension ByteBuffer {
    /// Whether it holds nothing but white space.
    fileprivate var isBlank: Bool {
        withUnsafeReadableBytes { bytes in
            for byte in bytes where byte != 0x20 && !(0x09...0x0D).contains(byte) { return false }
            return true
        }
    }
}
