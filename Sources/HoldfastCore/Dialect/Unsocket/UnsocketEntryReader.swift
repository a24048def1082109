// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads an app's list, in both shapes: the program's `{"messages":[…]}`, and the list alone of its document.
struct UnsocketEntryReader {
    /// Where the list comes from.
    enum Origin {
        case answer
        /// `POST /message`: there is nothing to connect to, and nothing to filter.
        case push

        var types: String {
            switch self {
            case .answer: "connect, text, message, binary, exclude, close, open"
            case .push: "text, message, binary, close"
            }
        }
    }

    let origin: Origin
    /// Whether a connect entry that does not say asks for a connection that is had again when it is lost.
    let reconnects: Bool

    /// - Returns: in an answer nothing also for `null` and for objects that have neither `messages` nor a type, as the program reads them.
    /// - Throws: a ``DialectError`` that names the JSON path, or line and column where it is not JSON.
    func read(_ body: ByteBuffer) throws(DialectError) -> [UnsocketEntry] {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(body)
        } catch {
            throw .notUnderstood("not JSON: \(error)")
        }
        var entries: [UnsocketEntry] = []
        for field in try list(document) { entries.append(try entry(field)) }
        return entries
    }

    private func list(_ document: JSONValue) throws(DialectError) -> [JSONField] {
        let root = JSONField(value: document, path: "")
        if document.array != nil { return try root.array() }
        if document.object != nil {
            if let messages = root.optional("messages") { return try messages.array() }
            if origin == .push || document["type"] != nil { return [root] }
            return []
        }
        if origin == .answer, document.isNull { return [] }
        throw .notUnderstood("expected an array, or an object {\"messages\": […]}, found \(document.kind)")
    }

    private func entry(_ field: JSONField) throws(DialectError) -> UnsocketEntry {
        try field.checkObject()
        var connection: String?
        if let given = field.optional("connection") {
            let name = try given.string()
            guard UnsocketName.channel(name) != nil else { throw given.invalid(UnsocketName.rule) }
            connection = name
        }
        let type = try self.type(field)
        return UnsocketEntry(content: try content(type, field), connection: connection, type: type, path: field.path)
    }

    /// What it is, where it does not say: a message needs no type.
    private func type(_ field: JSONField) throws(DialectError) -> String {
        if let type = field.optional("type") { return try type.string() }
        if field.optional("text") != nil || field.optional("base64") != nil { return "message" }
        throw .notUnderstood("\(member("type", of: field)): expected one of \(origin.types), but it is missing")
    }

    private func content(_ type: String, _ field: JSONField) throws(DialectError) -> UnsocketEntry.Content {
        switch (type, origin) {
        case ("connect", .answer): return .connect(try UnsocketConnectReader.read(field, reconnects: reconnects))
        case ("text", _): return .message(try text(field))
        case ("binary", _): return .message(try binary(field))
        case ("message", _): return try message(field)
        case ("exclude", .answer): return .exclude(try pattern(field))
        case ("close", _):
            let (code, reason) = try closing(field)
            return .close(code, reason)
        case ("open", .answer), ("ready", .answer), ("init", .answer): return .nothing
        case ("connect", .push), ("exclude", .push):
            throw .notUnderstood("\(member("type", of: field)): \(type) is possible only in an answer; accepted here: \(origin.types)")
        default: throw .notUnderstood("\(member("type", of: field)): unknown type \"\(type)\"; accepted: \(origin.types)")
        }
    }

    private func member(_ name: String, of field: JSONField) -> String { field.path.isEmpty ? name : "\(field.path).\(name)" }

    /// The document's word for text. Without any it asks for messages, which come in any case.
    private func message(_ field: JSONField) throws(DialectError) -> UnsocketEntry.Content {
        switch (field.optional("text"), field.optional("base64")) {
        case (.some, nil): return .message(try text(field))
        case (nil, .some): return .message(try binary(field))
        case (.some, .some): throw .notUnderstood("\(field.path.isEmpty ? "" : "\(field.path): ")expected text or base64, found both")
        case (nil, nil):
            guard origin == .answer else { throw .notUnderstood("\(member("text", of: field)): expected a string, but it is missing") }
            return .nothing
        }
    }

    private func text(_ field: JSONField) throws(DialectError) -> Payload {
        .text(ByteBuffer(string: try field.required("text", "a string").string()))
    }

    private func binary(_ field: JSONField) throws(DialectError) -> Payload {
        let given = try field.required("base64", "a string")
        guard let bytes = Base64.decode(try given.string()) else { throw given.invalid("not base64") }
        return .binary(bytes)
    }

    private func pattern(_ field: JSONField) throws(DialectError) -> String {
        let given = try field.required("pattern", "a regular expression")
        let text = try given.string()
        do throws(TextPatternError) {
            _ = try TextPattern(text)
        } catch {
            throw given.invalid("not a regular expression that can be used: \(error)")
        }
        return text
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
}
