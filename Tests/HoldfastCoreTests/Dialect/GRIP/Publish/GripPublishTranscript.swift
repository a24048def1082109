// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// Plays a transcript of GRIP's control API, which knows more than dialects in general do. Its sections:
///
///     == settings        maxMessageBytes: 5
///     == control         the request: method and path with its query, headers, an empty line, its body
///     == publications    what it asks for, one item a line; "nothing"; "not ours"
///     == results         what became of its items: done 1 | notFound | duplicate | full | refused "…" | unreachable
///     == reply           status, content type, other headers, an empty line, the body without the line break at its end
struct GripPublishTranscript {
    private var publishing = GripPublishing(maxMessageBytes: 1 << 20)
    private var command: ControlCommand?
    private var results: [ActionResult] = []
    private var checks = 0

    static func play(_ transcript: Transcript) throws {
        var player = GripPublishTranscript()
        for section in transcript.sections {
            do {
                try player.play(section, "\(transcript.name):\(section.line)")
            } catch let error as TranscriptError {
                throw TranscriptError("\(transcript.name):\(section.line): \(error)")
            }
        }
        #expect(player.checks > 0, "\(transcript.name) says something")
    }

    private mutating func play(_ section: Transcript.Section, _ place: String) throws {
        switch section.name {
        case "settings":
            guard let limit = try section.fields.first(where: { $0.name == "maxMessageBytes" }).flatMap({ Int($0.value) }) else {
                throw TranscriptError("expected maxMessageBytes: NUMBER")
            }
            publishing = GripPublishing(maxMessageBytes: limit)
        case "control": (command, results) = (try command(section), [])
        case "results": results = try section.lines.map(Self.result)
        case "publications":
            checks += 1
            #expect(publications == section.lines, "\(place)")
        case "reply":
            guard let command else { throw TranscriptError("a reply to what is not ours") }
            let reply = command.reply(results)
            let headers = reply.headers.map { "\($0.name): \($0.value)" }
            checks += 1
            #expect(["\(reply.status)", "content-type: \(reply.contentType)"] + headers == section.head, "\(place)")
            #expect(reply.body == section.body + "\n", "\(place)")
            if reply.status != 200 { #expect(publications == ["nothing"], "\(place): what is refused does nothing") }
        default: throw TranscriptError("no section is called \"\(section.name)\"")
        }
    }

    private func command(_ section: Transcript.Section) throws -> ControlCommand? {
        let start = (section.head.first ?? "").split(separator: " ").map(String.init)
        guard start.count == 2 else { throw TranscriptError("expected METHOD /path") }
        let parts = start[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let accept = try section.head.dropFirst().map(Transcript.Section.field).first { $0.name == "accept" }?.value
        return publishing.command(
            from: ControlRequest(
                method: start[0], path: parts[0], query: parts.count > 1 ? parts[1] : "", accept: accept, body: try Self.bytes(section.body)))
    }

    private var publications: [String] {
        guard let command else { return ["not ours"] }
        let lines = command.actions.map { action in
            if case .publish(let publication) = action { Self.text(publication) } else { "\(action)" }
        }
        return lines.isEmpty ? ["nothing"] : lines
    }

    // MARK: Words

    private static func bytes(_ text: String) throws -> ByteBuffer {
        guard text.hasPrefix("<"), text.hasSuffix(">") else { return ByteBuffer(string: text) }
        return ByteBuffer(
            bytes: try text.dropFirst().dropLast().split(separator: " ").map { pair in
                guard pair.count == 2, let byte = UInt8(pair, radix: 16) else { throw TranscriptError("\(pair) is no byte") }
                return byte
            })
    }

    private static func result(_ line: String) throws -> ActionResult {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        switch words.first {
        case "done": return .done(delivered: Int(words[1]) ?? 0)
        case "notFound": return .notFound
        case "duplicate": return .duplicate
        case "full": return .full
        case "refused": return .refused(words.last ?? "")
        case "unreachable": return .unreachable
        default: throw TranscriptError("\"\(line)\" is no result")
        }
    }

    private static func text(_ publication: Publication) -> String {
        let details = publication.details
        var parts = ["\(publication.channel): \(text(details?.webSocket ?? .message, publication.payload))"]
        if let id = publication.id { parts.append("as \(id.debugDescription)") }
        if let id = details?.previousID { parts.append("after \(id.debugDescription)") }
        if let filters = details?.webSocketFilters { parts.append(text(filters)) }
        if let meta = details?.meta, !meta.isEmpty {
            let pairs = meta.sorted { $0.key < $1.key }.map { "\($0.key.debugDescription)=\($0.value.debugDescription)" }
            parts.append((["meta"] + pairs).joined(separator: " "))
        }
        if details?.isUnordered == true { parts.append("unordered") }
        if let response = details?.response { parts.append(text(response)) }
        if let stream = details?.stream { parts.append(text(stream)) }
        if !publication.except.isEmpty { parts.append("except \(publication.except)") }
        return parts.joined(separator: " | ")
    }

    private static func text(_ form: PublicationDetails.WebSocketForm, _ payload: Payload) -> String {
        switch (form, payload) {
        case (.message, .text(let text)): "text \(String(buffer: text).debugDescription)"
        case (.message, .binary(let bytes)): "binary \(hex(bytes))"
        case (_, let payload) where payload != .text(ByteBuffer()): "\(form) with a payload of its own: \(payload)"
        case (.ping(let bytes), _): "ping \(hex(bytes))"
        case (.pong(let bytes), _): "pong \(hex(bytes))"
        case (.close(let code, let reason), _): "close \(code) \(reason.debugDescription)"
        case (.refresh, _): "refresh"
        case (.none, _): "nothing"
        }
    }

    private static func text(_ response: HeldResponseContent) -> String {
        guard response.action == .send else {
            return response == HeldResponseContent(action: .hint, body: .bytes(ByteBuffer())) ? "response hint" : "\(response)"
        }
        var words = ["response \(response.status)"]
        if let reason = response.reason { words.append(reason.debugDescription) }
        words += response.headers.map { "[\($0.name): \($0.value)]" }
        switch response.body {
        case .bytes(let bytes): words.append("body \(hex(bytes))")
        case .patch(let patch): words.append("patch \(String(buffer: patch.value.source))")
        }
        if let filters = response.filters { words.append(text(filters)) }
        return words.joined(separator: " ")
    }

    private static func text(_ stream: HeldStreamContent) -> String {
        let filters = stream.filters.map { " \(text($0))" } ?? ""
        return switch stream.action {
        case .send(let bytes): "stream send \(hex(bytes))\(filters)"
        case .close: "stream close\(filters)"
        case .hint: "stream hint\(filters)"
        }
    }

    private static func text(_ filters: [String]) -> String { "filters [\(filters.joined(separator: ", "))]" }

    private static func hex(_ bytes: ByteBuffer) -> String {
        "<" + bytes.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") + ">"
    }
}
