// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
import NIOCore

/// Holdfast's own convention: every capability of the engine in plain JSON, with numbered events and signed, repeatable deliveries.
package struct JSONDialect: Dialect {
    package let name = DialectName.json.rawValue
    package let traits: DialectTraits
    /// Whether `connection.headers` is sent: the route names headers to forward.
    private let forwardsHeaders: Bool

    /// - Parameter forwardHeaders: headers of the opening request, in lower case, that go with every webhook.
    package init(forwardHeaders: [String] = []) {
        forwardsHeaders = !forwardHeaders.isEmpty
        traits = DialectTraits(batches: true, isRepeatable: true, isSigned: true, keepsHeaders: forwardHeaders, tellsChannelsAtEnd: true)
    }

    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest {
        var json = JSONWriter(capacity: 320 + events.reduce(0) { $0 + $1.event.weight * 5 / 4 + 64 })
        json.beginObject()
        json.key("connection")
        write(session, into: &json)
        json.key("events")
        json.beginArray()
        for event in events { write(event, into: &json) }
        json.endArray()
        json.endObject()
        return WebhookRequest(body: json.buffer)
    }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        let status = response.head.status
        if case .open = events.first?.event, (300..<500).contains(status) { return [.reject(refusal(response))] }
        guard (200..<300).contains(status) else { throw .status(status) }
        guard status != 204 else { return [] }
        return try JSONActionReader.read(response.body, from: .answer)
    }

    /// A plain 3xx or 4xx answer to the opening event reaches the client as it is, with the headers that give it its meaning.
    private func refusal(_ response: HTTPResponseMessage) -> Refusal {
        let passed = ["content-type", "location", "www-authenticate", "retry-after"]
        var headers: [OpeningRequest.Field] = []
        response.head.forEach { name, value in
            if passed.contains(name) { headers.append(OpeningRequest.Field(name: name, value: value)) }
        }
        return Refusal(status: response.head.status, headers: headers, body: String(buffer: response.body))
    }

    private func write(_ session: SessionView, into json: inout JSONWriter) {
        let facts = session.facts
        json.beginObject()
        json.key("id")
        json.string(facts.idText)
        json.key("direction")
        json.string(facts.direction.rawValue)
        json.key("route")
        json.string(facts.route)
        json.key("remoteAddress")
        json.string(facts.remoteAddress)
        json.key("path")
        json.string(facts.path)
        json.key("query")
        json.string(facts.query)
        if let chosen = session.chosenProtocol {
            json.key("protocol")
            json.string(chosen)
        }
        if forwardsHeaders {
            json.key("headers")
            write(facts.headers, into: &json)
        }
        json.key("state")
        json.beginObject()
        for entry in session.state.entries {
            json.key(escaping: entry.key)
            json.string(entry.value)
        }
        json.endObject()
        json.key("channels")
        json.beginArray()
        for channel in session.channels { json.string(channel.description) }
        json.endArray()
        json.endObject()
    }

    private func write(_ event: SequencedEvent, into json: inout JSONWriter) {
        json.beginObject()
        json.key("seq")
        json.integer(event.seq)
        json.key("type")
        json.string(event.event.kind?.rawValue ?? "refresh")
        switch event.event {
        case .open(let request):
            json.key("headers")
            write(request.headers, into: &json)
            json.key("protocols")
            json.beginArray()
            for name in request.protocols { json.string(name) }
            json.endArray()
        case .message(.text(let text)):
            json.key("text")
            json.string(utf8: text)
        case .message(.binary(let bytes)), .ping(let bytes), .pong(let bytes):
            json.key("base64")
            json.base64(bytes)
        case .ready, .refresh: break
        case .end(let ending):
            json.key("code")
            json.integer(ending.code.rawValue)
            json.key("reason")
            json.string(ending.reason)
            json.key("clean")
            json.bool(ending.isClean)
            if let error = ending.error {
                json.key("error")
                json.string(error)
            }
        }
        json.endObject()
    }

    /// Names to lists of values: a header may come more than once.
    private func write(_ headers: [OpeningRequest.Field], into json: inout JSONWriter) {
        json.beginObject()
        var written: Set<String> = []
        for header in headers where written.insert(header.name).inserted {
            json.key(escaping: header.name)
            json.beginArray()
            for same in headers where same.name == header.name { json.string(same.value) }
            json.endArray()
        }
        json.endObject()
    }
}
