// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Writes what the app is asked, or told.
struct WsifyWebhook {
    let settings: WsifySettings
    let session: SessionView

    func connect(_ request: OpeningRequest) -> ByteBuffer {
        body("connect") { json in
            json.key("args")
            json.beginObject()
            json.key("headers")
            write(headers(of: request), into: &json)
            json.key("query")
            write(QueryItems(request.query).grouped, into: &json)
            json.endObject()
        }
    }

    func command(_ command: WsifyCommand) -> ByteBuffer {
        let word = command.kind.word(settings.version)
        guard settings.version == .v3 else { return body(word, value: command.channel.description) }
        return body(word) { json in
            json.key("args")
            json.beginObject()
            for member in command.args {
                json.key(escaping: member.name)
                let isChannel = member.name.hasBytes(of: "channel")
                if isChannel { json.string(command.channel.description) } else { json.raw(member.value.source) }
            }
            json.endObject()
        }
    }

    func disconnect(_ ending: Ending) -> ByteBuffer {
        body("disconnect") { json in
            json.key("args")
            json.beginObject()
            json.key("query")
            write(QueryItems(session.facts.query).grouped, into: &json)
            json.key("code")
            json.integer(ending.code.rawValue)
            json.key("reason")
            json.string(ending.reason)
            json.key("clean")
            json.bool(ending.isClean)
            json.endObject()
        }
    }

    /// v3: `command` and what `args` writes. v2: `action`, `key` and `value`.
    func body(_ word: String, value: String? = nil, args: (inout JSONWriter) -> Void = { _ in }) -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        switch settings.version {
        case .v3:
            json.key("command")
            json.string(word)
            args(&json)
        case .v2:
            json.key("action")
            json.string(word)
            json.key("key")
            json.string(Self.key(of: session.facts))
            if let value {
                json.key("value")
                json.string(value)
            }
        }
        if settings.identity { writeConnection(into: &json) }
        json.endObject()
        return json.buffer
    }

    /// What a v2 client calls itself: the `key` of its URL, or else a name of its own.
    static func key(of facts: ConnectionFacts) -> String {
        let given = QueryItems(facts.query)["key"] ?? ""
        return given.isEmpty ? "Anonymous#\(facts.id.token)" : given
    }

    /// Whose command it is. The user is the one in the connection's state, or else the one in the URL.
    private func writeConnection(into json: inout JSONWriter) {
        let query = QueryItems(session.facts.query)
        json.key("connection")
        json.beginObject()
        json.key("id")
        json.string(session.facts.idText)
        json.key("remoteAddress")
        json.string(session.facts.remoteAddress)
        if let user = session.state["user"] ?? query["user"] {
            json.key("user")
            json.string(user)
        }
        json.key("query")
        write(query.grouped, into: &json)
        json.key("state")
        json.beginObject()
        for entry in session.state.entries {
            json.key(escaping: entry.key)
            json.string(entry.value)
        }
        json.endObject()
        json.endObject()
    }

    private func write(_ groups: [(name: String, values: [String])], into json: inout JSONWriter) {
        json.beginObject()
        for group in groups {
            json.key(escaping: group.name)
            json.beginArray()
            for value in group.values { json.string(value) }
            json.endArray()
        }
        json.endObject()
    }

    /// The headers by their names in Go's form, without `Host`, which Go's headers do not have.
    private func headers(of request: OpeningRequest) -> [(name: String, values: [String])] {
        var groups: [(name: String, values: [String])] = []
        var places: [String: Int] = [:]
        for field in request.headers where field.name != "host" {
            if let place = places[field.name] {
                groups[place].values.append(field.value)
            } else {
                places[field.name] = groups.count
                groups.append((Self.canonical(field.name), [field.value]))
            }
        }
        return groups
    }

    /// `sec-websocket-key` as `Sec-Websocket-Key`.
    static func canonical(_ name: String) -> String {
        var isFirst = true
        return String(
            name.map { letter in
                defer { isFirst = letter == "-" }
                return isFirst ? Character(letter.uppercased()) : Character(letter.lowercased())
            })
    }
}
