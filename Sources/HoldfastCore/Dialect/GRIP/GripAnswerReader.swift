// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Understands an app's answers to WebSocket-over-HTTP requests.
///
/// A class, because the settings are many references, which a struct would count up and down for each answer.
final class GripAnswerReader: Sendable {
    /// Bytes of all the facts that filters go by on one connection.
    static let maxMetaBytes = 4096

    let settings: GripSettings

    init(settings: GripSettings) {
        self.settings = settings
    }

    /// - Throws: where the answer means failure: the client is then closed.
    func actions(from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView) throws(DialectError) -> [Action] {
        let head = GripAnswerHead(response.head)
        if case .end(let ending) = events.last?.event {
            // The connection is over, whatever the app makes of it; only what it has not taken yet matters.
            guard head.status == 200, let bytes = try head.taken() else { return [] }
            // What CLOSE says may be counted along: of that nothing is left to take.
            let messages = events.reduce(0) { $0 + $1.event.weight }
            return [.took(contentBytes: bytes <= messages + ending.contentBytes ? min(bytes, messages) : bytes)]
        }
        if case .open(let request) = events.first?.event { return try opening(response, head, isTrusted: request.isTrusted) }
        guard head.status == 200 || head.status == 204 else { throw .status(head.status) }
        guard head.isEvents || response.body.readableBytes == 0 else {
            throw .notUnderstood("Content-Type: expected \(GripDialect.contentType), found \(response.head.first("content-type") ?? "none")")
        }
        var reading = GripAnswer(grip: session.grip, reader: self)
        try reading.read(try decode(response.body)[...])
        return try head.settings() + reading.actions
    }

    // MARK: The opening

    /// - Parameter isTrusted: whether a GRIP proxy asks, which carries instructions out itself: they are passed on to it.
    private func opening(_ response: HTTPResponseMessage, _ head: GripAnswerHead, isTrusted: Bool) throws(DialectError) -> [Action] {
        guard head.status == 200, head.isEvents else { return [.reject(refusal(response))] }
        let events = try decode(response.body)
        guard let first = events.first else {
            guard let interval = head.interval ?? nil else {
                throw .notUnderstood("the answer to OPEN has no event; accepted: OPEN first, or no event and a Keep-Alive-Interval")
            }
            return try head.settings() + [.askAgain(after: interval)]
        }
        guard first.kind == .open else { throw .notUnderstood("events[0]: expected OPEN first in the answer to OPEN, found \(first.kind.rawValue)") }
        var fields: [OpeningRequest.Field] = []
        response.head.forEach { name, value in
            if Self.isForHandshake(name) || (isTrusted && (name == "sec-websocket-extensions" || name.hasPrefix("grip-"))) {
                fields.append(.init(name: name, value: value))
            }
        }
        let isPassedOn = settings.noGrip || isTrusted
        var reading = GripAnswer(grip: isPassedOn ? nil : try grip(response.head), reader: self, isOpening: true)
        try reading.read(events.dropFirst())
        let implicit = isPassedOn ? [] : settings.subscribe.map { Action.subscribe($0, to: nil) }
        return [.accept(protocol: response.head.first("sec-websocket-protocol"), headers: fields)] + (try head.settings()) + implicit
            + reading.actions
    }

    /// What the app turned the client away with: its answer is the client's.
    private func refusal(_ response: HTTPResponseMessage) -> Refusal {
        var fields: [OpeningRequest.Field] = []
        response.head.forEach { name, value in
            if Self.isForHandshake(name) || name == "content-type" { fields.append(.init(name: name, value: value)) }
        }
        return Refusal(status: response.head.status, headers: fields, bytes: response.body)
    }

    /// Whether a field of the app's answer is for the client.
    private static func isForHandshake(_ name: String) -> Bool {
        switch name {
        case "content-length", "content-type", "content-bytes-accepted", "keep-alive-interval", "connection", "keep-alive", "proxy-connection",
            "transfer-encoding", "trailer", "te", "upgrade", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol":
            false
        default: !name.hasPrefix("set-meta-") && !name.hasPrefix("grip-")
        }
    }

    /// Whether the app asked for GRIP on this connection, and with which prefix.
    private func grip(_ head: HTTPResponseHead) throws(DialectError) -> GripSession? {
        do throws(GripParametersError) {
            guard let offer = try GripParameters.list(head.values("sec-websocket-extensions")).first(where: { $0.value.lowercased() == "grip" })
            else { return nil }
            return GripSession(messagePrefix: offer["message-prefix"] ?? "m:")
        } catch {
            throw .notUnderstood("Sec-WebSocket-Extensions: \(error)")
        }
    }

    private func decode(_ body: ByteBuffer) throws(DialectError) -> [WebSocketEvent] {
        do throws(WebSocketEventError) {
            return try WebSocketEventReader.read(body)
        } catch {
            throw .notUnderstood(error.description)
        }
    }
}

extension Ending {
    /// What the closing event has of content.
    fileprivate var contentBytes: Int {
        isClean && cause != .appFailure && code != .none ? 2 + reason.utf8.count : 0
    }
}
