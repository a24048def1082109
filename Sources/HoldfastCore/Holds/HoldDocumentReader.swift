// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads an instruction from a body of the type `application/grip-instruct`: JSON with the members `hold` and `response`.
///
/// Members that the convention does not have are ignored, and `null` counts as absent.
struct HoldDocumentReader {
    let channelPrefix: String

    /// - Parameter instruction: what the headers say. The document goes before them, and the response is made of it alone.
    func read(_ body: ByteBuffer, into instruction: inout HoldInstruction) throws(DialectError) {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(body)
        } catch {
            throw .notUnderstood("not JSON: \(error)")
        }
        guard document.object != nil else { throw .notUnderstood("expected an object {\"hold\": …, \"response\": …}, found \(document.kind)") }
        let root = JSONField(value: document, path: "")
        if let hold = root.optional("hold") { try read(hold, into: &instruction) }
        // Headers may set the status of a document's response too, but not its headers.
        var response = HeldResponse(status: instruction.response.status, reason: instruction.response.reason)
        if let field = root.optional("response") { try read(field, into: &response) }
        instruction.response = response
    }

    // MARK: hold

    private func read(_ hold: JSONField, into instruction: inout HoldInstruction) throws(DialectError) {
        try hold.checkObject()
        instruction.mode = .response
        if let mode = hold.optional("mode") {
            switch try mode.string() {
            case "response": instruction.mode = .response
            case "stream": instruction.mode = .stream
            case let other: throw mode.invalid("expected response or stream, found \"\(other)\"")
            }
        }
        for channel in try hold.required("channels", "an array").array() { instruction.channels.append(try self.channel(channel)) }
        if let timeout = hold.optional("timeout") { instruction.timeout = try seconds(timeout, atLeast: HoldInstruction.leastTimeout) }
        if let keepAlive = hold.optional("keep-alive") { instruction.keepAlive = try self.keepAlive(keepAlive) }
        if let meta = hold.optional("meta") {
            for (name, value) in try meta.members() { instruction.meta[name] = try value.string() }
        }
    }

    private func channel(_ field: JSONField) throws(DialectError) -> HoldInstruction.Channel {
        try field.checkObject()
        let name = try field.required("name", "a string")
        var filters: [String] = []
        if let list = field.optional("filters") {
            for filter in try list.array() { filters.append(try filter.string()) }
        }
        let text = try name.string()
        let previousID = try field.optional("prev-id").map { (id: JSONField) throws(DialectError) in try id.string() }
        do throws(HoldInstructionError) {
            return try HoldInstruction.channel(text, prefix: channelPrefix, previousID: previousID, filters: filters)
        } catch {
            throw name.invalid(error.description)
        }
    }

    /// - Returns: `nil` without content.
    private func keepAlive(_ field: JSONField) throws(DialectError) -> HoldInstruction.KeepAlive? {
        try field.checkObject()
        guard let content = try bytes(field, "content"), content.readableBytes > 0 else { return nil }
        var timeout = HoldInstruction.KeepAlive.usualTimeout
        if let given = field.optional("timeout") { timeout = try seconds(given, atLeast: 1) }
        var mode = HoldInstruction.KeepAlive.Mode.idle
        if let given = field.optional("mode") {
            guard let known = HoldInstruction.KeepAlive.Mode(try given.string()) else { throw given.invalid("expected idle or interval") }
            mode = known
        }
        return HoldInstruction.KeepAlive(content: content, timeout: timeout, mode: mode)
    }

    // MARK: response

    private func read(_ field: JSONField, into response: inout HeldResponse) throws(DialectError) {
        try field.checkObject()
        if let code = field.optional("code") {
            let status = try code.integer()
            guard HeldResponse.statuses.contains(status) else {
                throw code.invalid(
                    "expected a status from \(HeldResponse.statuses.lowerBound) to \(HeldResponse.statuses.upperBound), found \(status)")
            }
            response.status = status
            response.reason = nil
        }
        if let reason = field.optional("reason") {
            let text = try reason.string()
            guard Self.isLine(text) else { throw reason.invalid("a control character in a reason") }
            if !text.isEmpty { response.reason = text }
        }
        if let headers = field.optional("headers") { response.headers = ProxyHeaders.toHeldClient(try self.headers(headers)) }
        response.body = try bytes(field, "body") ?? ByteBuffer()
    }

    /// An object of names to values, or an array of pairs.
    private func headers(_ field: JSONField) throws(DialectError) -> [OpeningRequest.Field] {
        var headers: [OpeningRequest.Field] = []
        guard field.value.array != nil else {
            guard field.value.object != nil else { throw field.expected("an object, or an array of [name, value]") }
            for (name, value) in try field.members() { headers.append(try header(name, value)) }
            return headers
        }
        for pair in try field.array() {
            let parts = try pair.array()
            guard parts.count == 2 else { throw pair.invalid("expected [name, value], found an array of \(parts.count)") }
            headers.append(try header(try parts[0].string(), parts[1]))
        }
        return headers
    }

    private func header(_ name: String, _ value: JSONField) throws(DialectError) -> OpeningRequest.Field {
        guard Handshake.isToken(name) else { throw value.invalid("\"\(name)\" is not a header name") }
        let text = try value.string()
        guard Self.isLine(text) else { throw value.invalid("a control character in a header") }
        return OpeningRequest.Field(name: name.lowercased(), value: text)
    }

    // MARK: Values

    /// The member `NAME-bin`, in base64, or else `NAME`.
    private func bytes(_ field: JSONField, _ name: String) throws(DialectError) -> ByteBuffer? {
        if let binary = field.optional("\(name)-bin") {
            guard let bytes = Base64.decode(try binary.string()) else { throw binary.invalid("not base64") }
            return bytes
        }
        guard let text = field.optional(name) else { return nil }
        return ByteBuffer(string: try text.string())
    }

    /// A number, rounded, which may stand in quotes.
    private func seconds(_ field: JSONField, atLeast least: Int) throws(DialectError) -> Duration {
        let number: Double?
        switch field.value.content {
        case .number(let digits): number = Double(digits)
        // No other text that Swift takes for a number, such as "inf" or "0x1p3".
        case .string(let text) where text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }): number = Double(text)
        case .string: number = nil
        default: throw field.expected("a number of seconds")
        }
        guard let duration = HoldInstruction.seconds(number, atLeast: least) else {
            throw field.invalid("expected a number of seconds, found \(String(buffer: field.value.source).prefix(40))")
        }
        return duration
    }

    private static func isLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
}
