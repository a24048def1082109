// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// The convention of slip-sockets: webhooks that carry events in JSON, answers and control requests that carry lists of the same kind, JSON Web
/// Tokens both ways.
///
/// Its content type is also that of GRIP's WebSocket events, which are no JSON.
package struct SlipDialect: Dialect {
    package let name = DialectName.slip.rawValue
    package let traits: DialectTraits
    private let settings: SlipSettings
    private let events: SlipEventWriter
    private let answers: SlipAnswerReader
    private let control: SlipControl

    static let contentType = "application/websocket-events"

    /// - Parameter limits: of the route's connections.
    package init(settings: SlipSettings, limits: ConnectionLimits = ConnectionLimits()) {
        self.settings = settings
        // Node.js closes kept connections after five idle seconds, so a request often meets one that is just being closed.
        traits = DialectTraits(
            batches: settings.batches, isRepeatable: false, isSigned: false, repeatsWhenStale: true, contentType: Self.contentType,
            answersSome: !settings.extended)
        events = SlipEventWriter(extended: settings.extended)
        answers = SlipAnswerReader(limits: limits)
        control = SlipControl(settings: settings)
    }

    /// The metadata that the connection has until the app sets its own.
    package func webhookHead(of request: OpeningRequest, id: ConnectionID) -> SplitHead? { SlipMetadata.original(of: request) }

    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest {
        WebhookRequest(contentType: Self.contentType, body: self.events.body(events, in: session))
    }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        try answers.actions(from: response, to: events, in: session)
    }

    /// A binary message ends a connection where the app would not understand it, as it did where the convention comes from.
    package func unasked(_ events: [SequencedEvent], in session: SessionView) -> [Action]? {
        guard !settings.extended, case .message(.binary) = events.first?.event else { return nil }
        return [.close(.unsupportedData, reason: "only text is supported", to: nil)]
    }

    package func command(from request: ControlRequest) -> ControlCommand? { control.command(from: request) }
}
