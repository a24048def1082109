// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
package import NIOCore

/// Reads what stands behind `c:` in a control message.
///
/// Members that a type does not have are ignored, and `null` counts as absent. Timeouts are rounded to seconds and may stand in quotes, as apps
/// in languages without types write them.
package enum GripControlReader {
    /// The types, for error messages.
    private static let types = "subscribe, unsubscribe, detach, session, set-meta, keep-alive, send-delayed, flush-delayed"
    /// A ping or pong holds no more (RFC 6455 §5.5).
    private static let maxPingBytes = 125
    /// What a timeout may be, in seconds: what 32 bits hold.
    private static let timeouts = 1...Int(Int32.max)
    private static let keepAliveTimeout = 55
    private static let delay = 1

    /// - Parameter json: one JSON object, without the `c:`.
    /// - Throws: a ``GripControlError`` that names the member, or line and column where it is not JSON. Only too many filters are fatal.
    package static func read(_ json: ByteBuffer) throws(GripControlError) -> GripControlMessage {
        let message: GripControlMessage
        do throws(DialectError) {
            message = try parse(json)
        } catch {
            throw GripControlError(.notUnderstood, error.description)
        }
        if case .subscribe(_, let filters, _) = message, filters.count > GripFilter.maxPerSubscription {
            throw GripControlError(.tooManyFilters, "filters: expected at most \(GripFilter.maxPerSubscription), found \(filters.count)")
        }
        return message
    }

    private static func parse(_ json: ByteBuffer) throws(DialectError) -> GripControlMessage {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(json)
        } catch {
            throw .notUnderstood("not JSON: \(error)")
        }
        guard document.object != nil else { throw .notUnderstood("expected an object {\"type\": …}, found \(document.kind)") }
        let root = JSONField(value: document, path: "")
        let type = try root.required("type", "one of \(types)")
        switch try type.string() {
        case "subscribe": return try subscription(root)
        case "unsubscribe": return .unsubscribe(channel: try text(root, "channel"))
        case "detach": return .detach
        case "session":
            let id = try optionalText(root, "id")
            return .session(id: id == "" ? nil : id)
        case "set-meta": return .setMeta(name: try text(root, "name"), value: try optionalText(root, "value"))
        case "keep-alive": return .keepAlive(try keepAlive(root))
        case "send-delayed":
            let form = try form(root)
            let bytes = try content(root, form) ?? ByteBuffer()
            return .sendDelayed(TimedMessage(form: form, bytes: bytes, after: .seconds(try timeout(root) ?? delay)))
        case "flush-delayed": return .flushDelayed
        case let unknown: throw type.invalid("unknown type \"\(unknown)\"; accepted: \(types)")
        }
    }

    private static func subscription(_ root: JSONField) throws(DialectError) -> GripControlMessage {
        let channel = try text(root, "channel")
        var filters: [String] = []
        if let list = root.optional("filters") {
            for filter in try list.array() { filters.append(try filter.string()) }
        }
        var previousID = try optionalText(root, "prev-id")
        if previousID == "" { previousID = nil }
        if let previousID, !PublicationID.isValid(previousID), let field = root.optional("prev-id") { throw field.invalid(PublicationID.rule) }
        return .subscribe(channel: channel, filters: filters, previousID: previousID)
    }

    /// - Returns: `nil` without content; what else is said then does not matter.
    private static func keepAlive(_ root: JSONField) throws(DialectError) -> TimedMessage? {
        let form = try form(root)
        guard let bytes = try content(root, form) else { return nil }
        var isInterval = false
        if let mode = root.optional("mode") {
            switch try mode.string() {
            case "idle": break
            case "interval": isInterval = true
            case let unknown: throw mode.invalid("unknown mode \"\(unknown)\"; accepted: idle, interval")
            }
        }
        return TimedMessage(form: form, bytes: bytes, after: .seconds(try timeout(root) ?? keepAliveTimeout), isInterval: isInterval)
    }

    private static func form(_ root: JSONField) throws(DialectError) -> TimedMessage.Form {
        guard let field = root.optional("message-type") else { return .text }
        let name = try field.string()
        guard let form = TimedMessage.Form(rawValue: name) else {
            throw field.invalid("unknown message type \"\(name)\"; accepted: text, binary, ping, pong")
        }
        return form
    }

    /// `content-bin` goes before `content`.
    private static func content(_ root: JSONField, _ form: TimedMessage.Form) throws(DialectError) -> ByteBuffer? {
        let field: JSONField
        let bytes: ByteBuffer
        if let binary = root.optional("content-bin") {
            guard let decoded = Base64.decode(try binary.string()) else { throw binary.invalid("not base64") }
            (field, bytes) = (binary, decoded)
        } else if let text = root.optional("content") {
            (field, bytes) = (text, ByteBuffer(string: try text.string()))
        } else {
            return nil
        }
        switch form {
        case .text:
            var validator = UTF8Validator()
            let isValid = bytes.withUnsafeReadableBytes { validator.take($0) } && validator.isComplete
            guard isValid else { throw field.invalid("not valid UTF-8, which a text message must be; accepted with \"message-type\": \"binary\"") }
        case .ping, .pong:
            guard bytes.readableBytes <= maxPingBytes else {
                throw field.invalid("expected at most \(maxPingBytes) bytes in a \(form.rawValue), found \(bytes.readableBytes)")
            }
        case .binary: break
        }
        return bytes
    }

    private static func timeout(_ root: JSONField) throws(DialectError) -> Int? {
        guard let field = root.optional("timeout") else { return nil }
        let number: Double?
        switch field.value.content {
        case .number(let digits): number = Double(digits)
        // No other text that Swift takes for a number, such as "inf" or "0x1p3".
        case .string(let text) where text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }): number = Double(text)
        case .string(let text): throw field.invalid("expected a number of seconds, found \"\(text)\"")
        default: throw field.expected("a number of seconds")
        }
        guard let seconds = number.flatMap({ Int(exactly: $0.rounded()) }), timeouts.contains(seconds) else {
            throw field.invalid("expected \(timeouts.lowerBound) to \(timeouts.upperBound) seconds")
        }
        return seconds
    }

    private static func text(_ root: JSONField, _ name: String) throws(DialectError) -> String {
        let field = try root.required(name, "a string")
        let text = try field.string()
        guard !text.isEmpty else { throw field.invalid("expected at least one character") }
        return text
    }

    private static func optionalText(_ root: JSONField, _ name: String) throws(DialectError) -> String? {
        guard let field = root.optional(name) else { return nil }
        return try field.string()
    }
}
