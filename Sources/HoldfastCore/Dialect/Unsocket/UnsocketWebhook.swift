// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Writes the body of a webhook: a list of one message, as the program sends it (`{"messages":[…]}`) or as its document shows it.
struct UnsocketWebhook {
    let settings: UnsocketSettings

    func body(_ event: Event, in session: SessionView) -> ByteBuffer {
        var json = JSONWriter(capacity: 96 + event.weight * 5 / 4)
        if settings.form == .object {
            json.beginObject()
            json.key("messages")
        }
        json.beginArray()
        json.beginObject()
        write(event, session, into: &json)
        json.endObject()
        json.endArray()
        if settings.form == .object { json.endObject() }
        return json.buffer
    }

    private func write(_ event: Event, _ session: SessionView, into json: inout JSONWriter) {
        switch event {
        case .ready(let question): write(question, into: &json)
        case .message(.text(let text)): write(text: text, session, into: &json)
        case .message(.binary(let bytes)) where settings.binaryAsText:
            write(text: ByteBuffer(string: String(buffer: bytes)), session, into: &json)
        case .message(.binary(let bytes)): write("binary", bytes, session, into: &json)
        case .ping(let bytes): write("ping", bytes, session, into: &json)
        case .pong(let bytes): write("pong", bytes, session, into: &json)
        case .open(let request):
            write("open", session, into: &json)
            if let name = session.chosenProtocol ?? request.protocols.first {
                json.key("protocol")
                json.string(name)
            }
        case .end(let ending): write(ending, session, into: &json)
        // The dialect asks for no calls without news.
        case .refresh: write("refresh", session, into: &json)
        }
    }

    /// The first question is the original's; a question about a connection that was lost says which.
    private func write(_ question: DialQuestion, into json: inout JSONWriter) {
        switch settings.form {
        case .object:
            json.key("type")
            json.string("ready")
        case .array:
            json.key("init")
            json.bool(true)
        }
        guard let name = question.name else { return }
        json.key("connection")
        json.string(name)
        json.key("attempt")
        json.integer(question.failures)
        if let error = question.error {
            json.key("error")
            json.string(error)
        }
    }

    private func write(text: ByteBuffer, _ session: SessionView, into json: inout JSONWriter) {
        write(settings.form == .object ? "text" : "message", session, into: &json)
        json.key("text")
        json.string(utf8: text)
    }

    private func write(_ type: String, _ bytes: ByteBuffer, _ session: SessionView, into json: inout JSONWriter) {
        write(type, session, into: &json)
        json.key("base64")
        json.base64(bytes)
    }

    private func write(_ ending: Ending, _ session: SessionView, into json: inout JSONWriter) {
        write("close", session, into: &json)
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

    private func write(_ type: String, _ session: SessionView, into json: inout JSONWriter) {
        json.key("type")
        json.string(type)
        guard let name = UnsocketName.shown(session) else { return }
        json.key("connection")
        json.string(name)
    }
}
