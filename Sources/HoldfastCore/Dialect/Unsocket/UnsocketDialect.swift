// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
import NIOCore

/// The convention of unsocket: the app is asked what to connect to, is told of each message from there, and answers with messages.
///
/// The program and its document differ. Lists from the app are understood in both shapes everywhere; webhooks are written in one of them.
package struct UnsocketDialect: Dialect {
    package let name = DialectName.unsocket.rawValue
    package let traits = DialectTraits(batches: false, isRepeatable: true, isSigned: false, answersSome: true)
    private let settings: UnsocketSettings

    package init(settings: UnsocketSettings) { self.settings = settings }

    /// - Returns: one message, with an id by which an app can tell a repetition.
    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest {
        guard let first = events.first else { preconditionFailure("a webhook carries an event") }
        let id = OpeningRequest.Field(name: "webhook-id", value: "msg_\(session.facts.id.token)_\(first.seq)")
        return WebhookRequest(headers: [id], body: UnsocketWebhook(settings: settings).body(first.event, in: session))
    }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        guard (200..<300).contains(response.head.status) else { throw .status(response.head.status) }
        let event = events.first?.event
        let answer = try UnsocketAnswer(try entries(of: response, to: event))
        guard case .ready(let question) = event else { return answer.actions(in: session) }
        return try answer.actions(to: question)
    }

    /// What is no JSON says nothing, as ever. Only where everything depends on the answer, a text in the place of one is a fault: else a page
    /// that a proxy puts up for an hour would end the connection.
    private func entries(of response: HTTPResponseMessage, to event: Event?) throws(DialectError) -> [UnsocketEntry] {
        let type = response.head.first("content-type") ?? ""
        let isBlank = response.body.readableBytesView.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard !isBlank, response.head.status != 204 else { return [] }
        guard Self.isJSON(type) else {
            guard case .ready = event else { return [] }
            let found = type.isEmpty ? "no content-type" : "the content-type \(type)"
            throw .notUnderstood("the answer to ready has \(found): expected application/json")
        }
        return try UnsocketEntryReader(origin: .answer, reconnects: settings.reconnect).read(response.body)
    }

    /// As the program sees it: any kind of `application` or `text` with `json` in its name.
    private static func isJSON(_ contentType: String) -> Bool {
        let media = contentType.lowercased().prefix { $0 != ";" }.drop { $0 == " " }
        return (media.hasPrefix("application/") || media.hasPrefix("text/")) && media.contains("json")
    }

    /// Without `lifecycle`, beginnings and ends are no news to the app, as ever.
    package func unasked(_ events: [SequencedEvent], in session: SessionView) -> [Action]? {
        guard !settings.lifecycle else { return nil }
        switch events.first?.event {
        case .open, .end: return []
        default: return nil
        }
    }

    package func command(from request: ControlRequest) -> ControlCommand? { UnsocketPush.command(from: request) }
}
