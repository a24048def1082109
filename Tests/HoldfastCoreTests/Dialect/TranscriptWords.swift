// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// The words of a transcript as values, and back.
enum TranscriptWords {
    // MARK: Reading

    static func session(
        _ fields: [(name: String, value: String)], of dialect: any Dialect
    ) throws -> (SessionView, OpeningRequest) {
        func one(_ name: String) -> String { fields.last { $0.name == name }?.value ?? "" }
        func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

        let known = [
            "id", "direction", "route", "address", "path", "query", "protocol", "header", "offers", "state", "channel", "prefix", "meta", "filters",
            "replayed", "gap",
        ]
        if let unknown = fields.first(where: { !known.contains($0.name) }) { throw TranscriptError("a session has no \"\(unknown.name)\"") }
        guard let id = ConnectionID(one("id")) else { throw TranscriptError("\"\(one("id"))\" is no id of a connection") }
        let headers = try all("header").map { header in
            let (name, value) = try Transcript.Section.field(header)
            return OpeningRequest.Field(name: name, value: value)
        }
        let opening = OpeningRequest(
            path: one("path"), query: one("query"), remoteAddress: one("address"), headers: headers, protocols: all("offers"))
        let facts = ConnectionFacts(
            id: id, direction: one("direction") == "outbound" ? .outbound : .inbound, route: one("route"), request: opening,
            keeping: dialect.traits.keepsHeaders, webhookHead: dialect.webhookHead(of: opening, id: id))
        let changes = all("state").map(pair).map { StatePatch.Change(key: $0.0, value: $0.1) }
        let session = SessionView(
            facts: facts, chosenProtocol: one("protocol").isEmpty ? nil : one("protocol"), state: ConnectionState().merging(StatePatch(changes)),
            channels: all("channel").map(ChannelName.sample), grip: try grip(fields), replayedBytes: Int(one("replayed")) ?? 0,
            gaps: all("gap").map(pair).map { ChannelGap(channel: .sample($0.0), lastID: $0.1) })
        return (session, opening)
    }

    /// `NAME=VALUE`.
    private static func pair(_ entry: String) -> (String, String) {
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.last ?? "")
    }

    /// What a GRIP app has set up; `nil` where the session says nothing of it.
    private static func grip(_ fields: [(name: String, value: String)]) throws -> GripSession? {
        func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        guard let prefix = try all("prefix").last.map({ try strings($0)[0] }) else { return nil }
        var filters: [ChannelName: [GripFilter]] = [:]
        for (channel, names) in all("filters").map(pair) {
            filters[.sample(channel)] = GripFilter.list(names.split(separator: " ").map(String.init))
        }
        return GripSession(messagePrefix: prefix, meta: Dictionary(uniqueKeysWithValues: all("meta").map(pair)), filters: filters)
    }

    static func event(_ line: String, opening: OpeningRequest) throws -> SequencedEvent {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count >= 2, let seq = Int(words[0]) else { throw TranscriptError("\"\(line)\" is no event") }
        let rest = words.count > 2 ? words[2] : ""
        switch words[1] {
        case "ready": return SequencedEvent(seq: seq, event: .ready(try question(rest)))
        case "open": return SequencedEvent(seq: seq, event: .open(opening))
        case "text": return SequencedEvent(seq: seq, event: .message(.text(ByteBuffer(string: try strings(rest)[0]))))
        case "binary": return SequencedEvent(seq: seq, event: .message(.binary(try bytes(rest))))
        case "ping": return SequencedEvent(seq: seq, event: .ping(try bytes(rest)))
        case "pong": return SequencedEvent(seq: seq, event: .pong(try bytes(rest)))
        case "refresh": return SequencedEvent(seq: seq, event: .refresh)
        case "close": return SequencedEvent(seq: seq, event: .end(try ending(rest)))
        default: throw TranscriptError("\"\(line)\" is no event")
        }
    }

    private static func question(_ text: String) throws -> DialQuestion {
        guard !text.isEmpty, let name = try strings(text).first else { return DialQuestion() }
        return DialQuestion(name: name, failures: Int(text.split(separator: " ").last ?? "") ?? 0)
    }

    private static func ending(_ text: String) throws -> Ending {
        let causes: [(word: String, cause: EndCause)] = [("clean", .client), ("failed", .appFailure), ("lost", .lost)]
        let quoted = try strings(text)
        guard let cause = causes.first(where: { text.contains("\" \($0.word)") })?.cause, let code = UInt16(text.prefix { $0 != " " }) else {
            throw TranscriptError("expected close CODE \"reason\" clean|failed|lost \"error\"")
        }
        return Ending(
            code: CloseCode(code), reason: quoted[0], isClean: cause != .lost, error: quoted.count > 1 ? quoted[1] : nil, cause: cause)
    }

    /// The quoted strings of a line, with the escapes of JSON.
    private static func strings(_ text: String) throws -> [String] {
        var strings: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "\"") {
            var end = rest.index(after: start)
            while end < rest.endIndex, rest[end] != "\"" {
                if rest[end] == "\\" { end = rest.index(after: end) }
                end = rest.index(after: end)
            }
            guard end < rest.endIndex, let text = try JSONReader.parse(ByteBuffer(string: String(rest[start...end]))).string else {
                throw TranscriptError("\(text): a string without its end")
            }
            strings.append(text)
            rest = rest[rest.index(after: end)...]
        }
        guard !strings.isEmpty else { throw TranscriptError("\(text): expected a string in quotes") }
        return strings
    }

    private static func bytes(_ text: String) throws -> ByteBuffer {
        ByteBuffer(
            bytes: try text.split(separator: " ").map { pair in
                guard pair.count == 2, let byte = UInt8(pair, radix: 16) else { throw TranscriptError("\(pair) is no byte") }
                return byte
            })
    }

    private static func body(_ text: String) throws -> ByteBuffer {
        let inner = text.dropFirst().dropLast()
        let isHex = text.hasPrefix("<") && text.hasSuffix(">") && inner.allSatisfy { $0 == " " || $0.isHexDigit }
        return isHex ? try bytes(String(inner)) : ByteBuffer(string: text)
    }

    static func response(_ section: Transcript.Section) throws -> HTTPResponseMessage {
        let isEscaped = section.head.contains { $0.lowercased().contains(WebSocketEventsBody.contentType) }
        let body = try isEscaped ? WebSocketEventsBody.bytes(section.body) : body(section.body)
        let fields = section.head.dropFirst().map { "\($0)\r\n" }.joined()
        var bytes = ByteBuffer(string: "HTTP/1.1 \(section.head.first ?? "")\r\n\(fields)content-length: \(body.readableBytes)\r\n\r\n")
        bytes.writeImmutableBuffer(body)
        var reader = HTTPResponseReader(maxHeadBytes: 64 << 10, maxBodyBytes: 1 << 20)
        guard let response = try reader.next(from: &bytes), bytes.readableBytes == 0 else { throw TranscriptError("no whole response") }
        return response
    }

    static func control(_ section: Transcript.Section) throws -> ControlRequest {
        let start = (section.head.first ?? "").split(separator: " ").map(String.init)
        guard start.count == 2 else { throw TranscriptError("expected a method and a path") }
        let fields = try section.head.dropFirst().map(Transcript.Section.field)
        let target = start[1].split(separator: "?", maxSplits: 1).map(String.init)
        return ControlRequest(
            method: start[0], path: target[0], query: target.count > 1 ? target[1] : "",
            contentType: fields.first { $0.name == "content-type" }?.value, authorization: fields.first { $0.name == "authorization" }?.value,
            time: fields.first { $0.name == "time" }.flatMap { Int64($0.value) }, body: try body(section.body))
    }

    static func result(_ line: String) throws -> ActionResult {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        switch words[0] {
        case "done": return .done(delivered: Int(words[1]) ?? 0)
        case "notFound": return .notFound
        case "duplicate": return .duplicate
        case "full": return .full
        case "refused": return .refused(words.last ?? "")
        case "unreachable": return .unreachable
        default: throw TranscriptError("\"\(line)\" is no result")
        }
    }

    // MARK: Writing

    static func text(of request: WebhookRequest) -> String {
        let start = request.method.rawValue + (request.pathSuffix.isEmpty ? "" : " \(request.pathSuffix)")
        let fields = request.headers.map { "\($0.name): \($0.value)" } + ["content-type: \(request.contentType)"]
        let body =
            switch request.contentType {
            case "application/octet-stream": "<\(hex(request.body))>"
            case WebSocketEventsBody.contentType: WebSocketEventsBody.text(request.body)
            default: String(buffer: request.body)
            }
        return ([start] + fields + ["", body]).joined(separator: "\n")
    }

    static func text(of reply: ControlReply) -> String {
        (["\(reply.status)"] + reply.headers.map { "\($0.name): \($0.value)" } + ["content-type: \(reply.contentType)", "", reply.body])
            .joined(separator: "\n")
    }

    static func text(_ step: ControlStep) -> String {
        switch step {
        case .action(let action): text(action)
        case .wait(let id, let time): "wait for \(id) at most \(time.inSeconds)"
        }
    }

    static func text(_ action: Action) -> String {
        switch action {
        case .accept(let chosen, let headers): "accept" + (chosen.map { " \($0.debugDescription)" } ?? "") + text(headers)
        case .reject(let refusal): "reject \(refusal.status)" + text(refusal.headers) + " \(refusal.body.debugDescription)"
        case .send(let payload, let id): "send \(text(payload))" + text(id)
        case .close(let code, let reason, let id): "close \(code) \(reason.debugDescription)" + text(id)
        case .subscribe(let channel, let id): "subscribe \(channel)" + text(id)
        case .unsubscribe(let channel, let id): "unsubscribe \(channel)" + text(id)
        case .publish(let publication):
            "publish \(publication.channel) \(text(publication.payload))" + (publication.id.map { " as \($0.debugDescription)" } ?? "")
                + (publication.except.isEmpty ? "" : " except \(publication.except.map(\.description).joined(separator: " "))")
        case .closeChannel(let channel, let code, let reason): "closeChannel \(channel) \(code) \(reason.debugDescription)"
        case .setState(let patch, let id):
            "setState" + patch.changes.map { " \($0.key.debugDescription)=\($0.value?.debugDescription ?? "null")" }.joined() + text(id)
        case .control(let control, let id): text(control) + text(id)
        case .dial(let request, let route):
            "dial \(request.url)" + (request.name.map { " as \($0.debugDescription)" } ?? "") + (route.map { " on \($0)" } ?? "")
                + (request.protocols.isEmpty ? "" : " protocols \(request.protocols.joined(separator: ","))") + text(request.headers)
                + request.state.changes.map { " \($0.key.debugDescription)=\($0.value?.debugDescription ?? "null")" }.joined()
                + (request.reconnects ? " reconnecting" : "") + request.exclude.map { " except \($0.debugDescription)" }.joined()
        case .askAgain(let delay): "askAgain after \(delay.inSeconds)"
        case .took(let bytes): "took \(bytes)"
        }
    }

    private static func text(_ control: ConnectionControl) -> String {
        switch control {
        case .ping(let bytes): "ping <\(hex(bytes))>"
        case .pong(let bytes): "pong <\(hex(bytes))>"
        case .disconnect: "disconnect"
        case .detach: "detach"
        case .refresh: "refresh"
        case .poll(let interval): "poll " + (interval.map { "every \($0.inSeconds)" } ?? "off")
        case .keepAlive(let message): "keepAlive " + (message.map(text) ?? "off")
        case .sendLater(let message): "sendLater \(text(message))"
        case .flushLater: "flushLater"
        case .remember(let grip): "remember\(text(grip))"
        case .follow(let channel, let id): "follow \(channel) from \(id.debugDescription)"
        case .warn(let why): "warn \(why)"
        }
    }

    private static func text(_ message: TimedMessage) -> String {
        let bytes = message.form == .text ? String(buffer: message.bytes).debugDescription : "<\(hex(message.bytes))>"
        return "\(message.form) \(bytes) \(message.isInterval ? "every" : "after") \(message.after.inSeconds)"
    }

    /// The prefix, then the facts and the filtered channels, each by name.
    private static func text(_ grip: GripSession) -> String {
        let meta = grip.meta.sorted { $0.key < $1.key }.map { " \($0.key.debugDescription)=\($0.value.debugDescription)" }
        let filters = grip.filters.sorted { $0.key.description < $1.key.description }
            .map { " [\($0.key): \($0.value.map(\.rawValue).joined(separator: " "))]" }
        return " \(grip.messagePrefix?.debugDescription ?? "none")" + (meta + filters).joined()
    }

    private static func text(_ headers: [OpeningRequest.Field]) -> String { headers.map { " [\($0.name): \($0.value)]" }.joined() }

    private static func text(_ id: ConnectionID?) -> String { id.map { " to \($0)" } ?? "" }

    private static func text(_ payload: Payload) -> String {
        switch payload {
        case .text(let text): "text \(String(buffer: text).debugDescription)"
        case .binary(let bytes): "binary <\(hex(bytes))>"
        }
    }

    private static func hex(_ bytes: ByteBuffer) -> String {
        bytes.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
