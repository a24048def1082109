// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One thing that the gateway is to do: an entry of a ``SlipAnswer`` or of ``SlipActions``, whose functions make it.
public struct SlipAction: Sendable, Hashable {
    /// As the gateway reads it.
    let json: [UInt8]

    private init(_ type: String, connection: String? = nil, _ write: (inout JSONOutput) -> Void = { _ in }) {
        var json = JSONOutput()
        json.object { json in
            json.key("type")
            json.string(type)
            json.optional("connectionId", connection)
            write(&json)
        }
        self.json = json.bytes
    }

    static func accept(_ id: String, protocol: String?) -> SlipAction {
        SlipAction("ACCEPT", connection: id) { $0.optional("subprotocol", `protocol`) }
    }

    static func close(_ id: String, code: Int, reason: String, status: Int? = nil) -> SlipAction {
        SlipAction("CLOSE", connection: id) { json in
            json.slipClosing(code, reason)
            if let status {
                json.key("status")
                json.integer(status)
            }
        }
    }

    static func send(_ message: Message, to id: String) -> SlipAction {
        SlipAction(message.isText ? "TEXT" : "BINARY", connection: id) { $0.data(message) }
    }

    static func subscribe(_ channel: String, to id: String) -> SlipAction {
        SlipAction("SUBSCRIBE", connection: id) { $0.optional("channel", channel) }
    }

    static func unsubscribe(_ channel: String, to id: String) -> SlipAction {
        SlipAction("UNSUBSCRIBE", connection: id) { $0.optional("channel", channel) }
    }

    static func setMetadata(_ metadata: JSONValue, to id: String) -> SlipAction {
        SlipAction("SET_METADATA", connection: id) { json in
            json.key("metadata")
            json.value(metadata)
        }
    }

    static func publish(_ message: Message, channel: String) -> SlipAction {
        SlipAction(message.isText ? "PUBLISH_TEXT" : "PUBLISH_BINARY") { json in
            json.optional("channelId", channel)
            json.data(message)
        }
    }

    static func closeChannel(_ channel: String, code: Int, reason: String) -> SlipAction {
        SlipAction("CLOSE_CHANNEL") { json in
            json.optional("channelId", channel)
            json.slipClosing(code, reason)
        }
    }
}

extension Message {
    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }
}

extension JSONOutput {
    fileprivate mutating func data(_ message: Message) {
        switch message {
        case .text(let text): optional("data", text)
        case .binary(let bytes): optional("data", Base64Text.encode(bytes))
        }
    }

    /// The convention as it was published knows neither, so what is usual is not said.
    fileprivate mutating func slipClosing(_ code: Int, _ reason: String) {
        if code != 1000 {
            key("code")
            integer(code)
        }
        if !reason.isEmpty { optional("reason", reason) }
    }
}
