// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// GRIP: WebSocket-over-HTTP, with instructions for the gateway among the messages, as Pushpin and Fastly Fanout speak it.
///
/// A webhook's body is a list of events, and so is the answer's. What the app sets up, the gateway brings back with every webhook: the headers of
/// the opening request, and values (`Set-Meta-X` returns as `Meta-X`).
package struct GripDialect: Dialect {
    package let name = DialectName.grip.rawValue
    package let traits = DialectTraits(
        batches: true, isRepeatable: false, isSigned: false, isProxy: true, repeatsWhenStale: true, isCalledWithoutNews: true)
    private let heads: GripRequestHead
    private let answers: GripAnswerReader
    private let publishing: GripPublishing

    /// - Parameters:
    ///   - path: the route's own.
    ///   - target: where the app is.
    ///   - maxMessageBytes: the longest message that may be published.
    package init(settings: GripSettings, path: PathPattern, target: TargetURL, maxMessageBytes: Int) {
        heads = GripRequestHead(settings: settings, path: path, target: target)
        answers = GripAnswerReader(settings: settings)
        publishing = GripPublishing(maxMessageBytes: maxMessageBytes)
    }

    package func webhookHead(of request: OpeningRequest, id: ConnectionID) -> SplitHead? {
        heads.webhook(of: request, id: id)
    }

    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest {
        // State that the control API has set may be no header.
        var fields: [OpeningRequest.Field] = []
        for entry in session.state.entries where entry.key.isToken && entry.value.isFieldValue {
            fields.append(.init(name: "meta-\(entry.key)", value: entry.value))
        }
        if session.replayedBytes > 0 { fields.append(.init(name: "content-bytes-replayed", value: String(session.replayedBytes))) }
        for gap in session.gaps { fields.append(.init(name: "grip-last", value: GripLast.value(channel: gap.channel, lastID: gap.lastID))) }
        var body = ByteBufferAllocator().buffer(capacity: events.reduce(0) { $0 + $1.event.weight + 32 })
        for event in events { Self.write(event.event, into: &body) }
        return WebhookRequest(head: session.facts.webhookHead, headers: fields, contentType: Self.contentType, body: body)
    }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        try answers.actions(from: response, to: events, in: session)
    }

    package func command(from request: ControlRequest) -> ControlCommand? { publishing.command(from: request) }

    static let contentType = contentTypeBytes.description
    static let contentTypeBytes: StaticString = "application/websocket-events"

    private static func write(_ event: Event, into body: inout ByteBuffer) {
        switch event {
        case .open: WebSocketEventWriter.write(.open, nil, into: &body)
        case .message(.text(let bytes)): WebSocketEventWriter.write(.text, bytes, into: &body)
        case .message(.binary(let bytes)): WebSocketEventWriter.write(.binary, bytes, into: &body)
        case .ping(let bytes): WebSocketEventWriter.write(.ping, bytes.readableBytes > 0 ? bytes : nil, into: &body)
        case .pong(let bytes): WebSocketEventWriter.write(.pong, bytes.readableBytes > 0 ? bytes : nil, into: &body)
        case .ready, .refresh: break
        case .end(let ending) where ending.isClean && ending.cause != .appFailure:
            WebSocketEventWriter.write(.close, WebSocketCloseContent(code: ending.code, reason: ending.reason).content, into: &body)
        case .end: WebSocketEventWriter.write(.disconnect, nil, into: &body)
        }
    }
}
