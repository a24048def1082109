// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// One entry of the app's list: what it asks for.
///
/// A connection is `nil` where the text names none that could be here: the convention has no form for ids, and what is sent to a connection that
/// is gone is no fault.
enum SlipOrder {
    case accept(ConnectionID?, protocol: String?)
    /// With a status it is meant for a client that waits at the door.
    case close(ConnectionID?, CloseCode, reason: String, status: Int?)
    case send(ConnectionID?, Payload)
    case subscribe(ConnectionID?, ChannelName)
    case unsubscribe(ConnectionID?, ChannelName)
    /// As JSON text.
    case setMetadata(ConnectionID?, String)
    case publish(ChannelName, Payload)
    case closeChannel(ChannelName, CloseCode, reason: String)
    /// Waits for a connection to be there.
    case poll(ConnectionID?, Duration)

    /// Whether it is for that connection alone.
    func isFor(_ id: ConnectionID) -> Bool {
        switch self {
        case .accept(let target, _), .close(let target, _, _, _), .send(let target, _), .subscribe(let target, _), .unsubscribe(let target, _),
            .setMetadata(let target, _), .poll(let target, _):
            target == id
        case .publish, .closeChannel: false
        }
    }

    /// What the engine has to do; `nil` where there is nothing: no such connection, or a verdict, or only to wait.
    var action: Action? {
        switch self {
        case .accept, .poll: nil
        case .close(let id, let code, let reason, _): id.map { .close(code, reason: reason, to: $0) }
        case .send(let id, let payload): id.map { .send(payload, to: $0) }
        case .subscribe(let id, let channel): id.map { .subscribe(channel, to: $0) }
        case .unsubscribe(let id, let channel): id.map { .unsubscribe(channel, to: $0) }
        case .setMetadata(let id, let text): id.map { .setState(SlipMetadata.patch(text), to: $0) }
        case .publish(let channel, let payload): .publish(Publication(channel: channel, payload: payload))
        case .closeChannel(let channel, let code, let reason): .closeChannel(channel, code: code, reason: reason)
        }
    }

    /// As the convention writes it.
    var type: String {
        switch self {
        case .accept: "ACCEPT"
        case .close: "CLOSE"
        case .send(_, .text): "TEXT"
        case .send(_, .binary): "BINARY"
        case .subscribe: "SUBSCRIBE"
        case .unsubscribe: "UNSUBSCRIBE"
        case .setMetadata: "SET_METADATA"
        case .publish(_, .text): "PUBLISH_TEXT"
        case .publish(_, .binary): "PUBLISH_BINARY"
        case .closeChannel: "CLOSE_CHANNEL"
        case .poll: "POLL_FOR_CONNECTION"
        }
    }
}
