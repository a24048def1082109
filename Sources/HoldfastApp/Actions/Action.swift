// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// One thing that the gateway is to do: an entry of an ``Answer`` or of ``Actions``, whose functions make it.
public struct Action: Sendable, Hashable {
    /// As the gateway reads it.
    let json: [UInt8]

    private init(_ type: String, to: String? = nil, _ write: (inout JSONOutput) -> Void = { _ in }) {
        var json = JSONOutput()
        json.object { json in
            json.key("type")
            json.string(type)
            write(&json)
            json.optional("to", to)
        }
        self.json = json.bytes
    }

    static func accept(protocol: String?, headers: HTTPFields) -> Action {
        Action("accept") { json in
            json.optional("protocol", `protocol`)
            json.headers(headers)
        }
    }

    static func reject(status: Int, headers: HTTPFields, body: String) -> Action {
        Action("reject") { json in
            json.key("status")
            json.integer(status)
            json.headers(headers)
            if !body.isEmpty { json.optional("body", body) }
        }
    }

    static func send(_ message: Message, to: String?) -> Action { Action("send", to: to) { $0.message(message) } }

    static func close(code: Int, reason: String, to: String?) -> Action { Action("close", to: to) { $0.closing(code, reason) } }

    static func subscribe(_ channel: String, to: String?) -> Action { Action("subscribe", to: to) { $0.optional("channel", channel) } }

    static func unsubscribe(_ channel: String, to: String?) -> Action { Action("unsubscribe", to: to) { $0.optional("channel", channel) } }

    static func publish(_ message: Message, channel: String, except: [String], id: String?) -> Action {
        Action("publish") { json in
            json.optional("channel", channel)
            json.message(message)
            if !except.isEmpty { json.strings("except", except) }
            json.optional("id", id)
        }
    }

    static func closeChannel(_ channel: String, code: Int, reason: String) -> Action {
        Action("closeChannel") { json in
            json.optional("channel", channel)
            json.closing(code, reason)
        }
    }

    static func setState(_ patch: [String: String?], to: String?) -> Action {
        Action("setState", to: to) { json in
            json.key("state")
            json.patch(patch)
        }
    }

    static func dial(_ url: String, options: DialOptions) -> Action {
        Action("dial") { json in
            json.optional("url", url)
            if !options.protocols.isEmpty { json.strings("protocols", options.protocols) }
            json.headers(options.headers)
            if !options.state.isEmpty {
                json.key("state")
                json.patch(options.state)
            }
            if options.reconnect {
                json.key("reconnect")
                json.bool(true)
            }
            json.optional("route", options.route)
        }
    }
}

extension JSONOutput {
    mutating func optional(_ name: String, _ text: String?) {
        guard let text else { return }
        key(name)
        string(text)
    }

    fileprivate mutating func strings(_ name: String, _ texts: [String]) {
        key(name)
        array { json in for text in texts { json.string(text) } }
    }

    fileprivate mutating func closing(_ code: Int, _ reason: String) {
        key("code")
        integer(code)
        if !reason.isEmpty { optional("reason", reason) }
    }

    fileprivate mutating func message(_ message: Message) {
        switch message {
        case .text(let text): optional("text", text)
        case .binary(let bytes): optional("base64", Base64Text.encode(bytes))
        }
    }

    fileprivate mutating func patch(_ patch: [String: String?]) {
        object { json in
            for (name, value) in patch.sorted(by: { $0.key < $1.key }) {
                json.key(name)
                if let value { json.string(value) } else { json.null() }
            }
        }
    }

    /// Names to lists of values.
    fileprivate mutating func headers(_ fields: HTTPFields) {
        guard !fields.isEmpty else { return }
        key("headers")
        object { json in
            var written: Set<HTTPField.Name> = []
            for field in fields where written.insert(field.name).inserted {
                json.key(field.name.canonicalName)
                json.array { json in for value in fields[values: field.name] { json.string(value) } }
            }
        }
    }
}
