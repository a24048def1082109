// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// `POST /message`: the app sends on its own.
enum UnsocketPush {
    static let path = "/message"

    /// - Returns: `nil` when the request is not of this convention.
    static func command(from request: ControlRequest) -> ControlCommand? {
        guard request.path == path else { return nil }
        guard request.method == "POST" else {
            return refused(405, "\(path) takes POST, not \(request.method)", headers: [.init(name: "allow", value: "POST")])
        }
        let connection = query("connection", of: request.query)
        if let connection, UnsocketName.channel(connection) == nil { return refused(400, "connection: \(UnsocketName.rule)") }
        do throws(Fault) {
            let actions = try entries(of: request).compactMap { UnsocketAnswer.action(pushed: $0, to: connection) }
            return ControlCommand(actions: actions) { reply($0, to: connection, nodes: $1) }
        } catch {
            return refused(error.status, error.detail)
        }
    }

    private struct Fault: Error {
        let status: Int
        let detail: String
    }

    /// What the content type says the body is. `curl -d` says that it is a form, and forms mean nothing here: then the body itself is asked.
    private static func entries(of request: ControlRequest) throws(Fault) -> [UnsocketEntry] {
        let media = String((request.contentType ?? "").prefix { $0 != ";" && $0 != " " }).lowercased()
        switch media {
        case "application/octet-stream": return [message(.binary(request.body))]
        case "", "application/x-www-form-urlencoded":
            let first = request.body.readableBytesView.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
            let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            return try isJSON ? json(request.body) : [text(request.body)]
        case "application/json", "text/json": return try json(request.body)
        case _ where media.hasPrefix("application/") && media.hasSuffix("+json"): return try json(request.body)
        case _ where media.hasPrefix("text/"): return [try text(request.body)]
        default:
            let accepted = "application/json for a list of messages, text/plain for one text, application/octet-stream for one of bytes"
            throw Fault(status: 415, detail: "content-type \(media): expected \(accepted)")
        }
    }

    private static func message(_ payload: Payload) -> UnsocketEntry {
        UnsocketEntry(content: .message(payload), connection: nil, type: "message", path: "")
    }

    private static func text(_ body: ByteBuffer) throws(Fault) -> UnsocketEntry {
        var validator = UTF8Validator()
        let isText = body.withUnsafeReadableBytes { validator.take($0) } && validator.isComplete
        guard isText else {
            throw Fault(status: 400, detail: "the body is not valid UTF-8; send binary messages with content-type: application/octet-stream")
        }
        return message(.text(body))
    }

    private static func json(_ body: ByteBuffer) throws(Fault) -> [UnsocketEntry] {
        let entries: [UnsocketEntry]
        do throws(DialectError) {
            entries = try UnsocketEntryReader(origin: .push, reconnects: false).read(body)
        } catch {
            throw Fault(status: 400, detail: error.description)
        }
        guard !entries.isEmpty else {
            throw Fault(status: 400, detail: "no message: expected at least one entry, such as {\"type\":\"text\",\"text\":\"hello\"}")
        }
        return entries
    }

    /// The value of a query's parameter, decoded as browsers and libraries encode it: a plus is a space.
    private static func query(_ name: String, of query: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return parts.count > 1 ? decoded(parts[1]) : "" }
        }
        return nil
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, !digits.hasPrefix("+"), let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Answering

    /// How many connections of this node took the messages, added up; 503 where none did, and none on other nodes can have.
    private static func reply(_ results: [ActionResult], to connection: String?, nodes: Int) -> ControlReply {
        var delivered = 0
        for case .done(let count) in results { delivered += count }
        if nodes > 1 { return ControlReply(status: 200, body: "{\"delivered\":\(delivered),\"nodes\":\(nodes)}") }
        guard delivered == 0 else { return ControlReply(status: 200, body: "{\"delivered\":\(delivered)}") }
        for case .refused(let why) in results { return problem(503, "nothing was delivered: \(why)") }
        if results.contains(.full) { return problem(503, "nothing was delivered: the remote reads too slowly, and the queue for it is full") }
        let whom = connection.map { "the connection \"\($0)\"" } ?? "a connection to a remote"
        return problem(503, "nothing was delivered: \(whom) is not there at the moment")
    }

    private static func refused(_ status: Int, _ detail: String, headers: [OpeningRequest.Field] = []) -> ControlCommand {
        ControlCommand(actions: []) { _ in problem(status, detail, headers: headers) }
    }

    /// As the control API tells faults everywhere (RFC 9457).
    private static func problem(_ status: Int, _ detail: String, headers: [OpeningRequest.Field] = []) -> ControlReply {
        let titles = [400: "Bad Request", 405: "Method Not Allowed", 415: "Unsupported Media Type", 503: "Service Unavailable"]
        var json = JSONWriter()
        json.beginObject()
        json.key("type")
        json.string("about:blank")
        json.key("title")
        json.string(titles[status] ?? "")
        json.key("status")
        json.integer(status)
        json.key("detail")
        json.string(detail)
        json.endObject()
        return ControlReply(status: status, contentType: "application/problem+json", headers: headers, body: String(buffer: json.buffer))
    }
}
