// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Writes the body of a webhook: `{"connectionId","metadata","events"}`.
struct SlipEventWriter {
    /// Whether events have more than the published fields.
    let extended: Bool

    func body(_ events: [SequencedEvent], in session: SessionView) -> ByteBuffer {
        var json = JSONWriter(
            capacity: 256 + (session.facts.webhookHead?.count ?? 0) + events.reduce(0) { $0 + $1.event.weight * 4 / 3 + 96 })
        json.beginObject()
        json.key("connectionId")
        json.string(session.facts.idText)
        json.key("metadata")
        SlipMetadata.write(session, into: &json)
        json.key("events")
        json.beginArray()
        for event in events { write(event.event, session.facts.idText, into: &json) }
        json.endArray()
        json.endObject()
        return json.buffer
    }

    private func write(_ event: Event, _ id: String, into json: inout JSONWriter) {
        switch event {
        case .ready, .refresh: break
        case .open(let request):
            begin("OPEN", id, into: &json)
            if extended { write(request, into: &json) }
            json.endObject()
        case .message(.text(let text)):
            begin("TEXT", id, into: &json)
            json.key("data")
            json.string(utf8: text)
            json.endObject()
        case .message(.binary(let bytes)): write("BINARY", id, bytes, into: &json)
        case .ping(let bytes): write("PING", id, bytes, into: &json)
        case .pong(let bytes): write("PONG", id, bytes, into: &json)
        case .end(let ending):
            begin("CLOSE", id, into: &json)
            if extended {
                json.key("code")
                json.integer(ending.code.rawValue)
                json.key("reason")
                json.string(ending.reason)
            }
            json.endObject()
        }
    }

    private func begin(_ type: String, _ id: String, into json: inout JSONWriter) {
        json.beginObject()
        json.key("type")
        json.string(type)
        json.key("connectionId")
        json.string(id)
    }

    private func write(_ type: String, _ id: String, _ bytes: ByteBuffer, into json: inout JSONWriter) {
        begin(type, id, into: &json)
        json.key("data")
        json.base64(bytes)
        json.endObject()
    }

    private func write(_ request: OpeningRequest, into json: inout JSONWriter) {
        json.key("headers")
        SlipMetadata.write(request.headers, into: &json)
        json.key("ip")
        json.string(request.remoteAddress)
        json.key("subprotocols")
        json.beginArray()
        for name in request.protocols { json.string(name) }
        json.endArray()
        json.key("path")
        json.string(request.path)
        json.key("query")
        json.string(request.query)
    }
}
