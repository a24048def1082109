// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Publications that are more than one message for all alike.
extension HubShard {
    /// Gives a publication to this loop's connections and held requests, each in the form that is theirs.
    ///
    /// - Returns: how many got it.
    func deliver(_ publication: Publication, _ details: PublicationDetails) -> Int {
        let (connections, listeners) = audience(of: publication.channel)
        var delivered = 0
        var message = OutgoingMessage(publication.payload)
        for connection in connections.values where !publication.except.contains(connection.id) {
            if give(publication, details, to: connection, &message) { delivered += 1 }
        }
        for listener in listeners.values where listener.heard(publication, details) { delivered += 1 }
        return delivered
    }

    /// Gives a message to a connection that has filters or must not miss any.
    ///
    /// - Parameter message: the message as it is for those whose filters leave it alone.
    func choose(
        _ publication: Publication, _ details: PublicationDetails?, for connection: Connection, _ extras: ConnectionExtras,
        otherwise message: inout OutgoingMessage
    ) -> Bool {
        guard connection.isNext(publication) else { return false }
        guard let grip = extras.grip, let filters = grip.filters[publication.channel] else {
            return details?.webSocketFilters?.isEmpty ?? true ? connection.send(&message) == .taken : false
        }
        let outcome = GripFilter.outcome(
            of: filters, contentFilters: details?.webSocketFilters, meta: grip.meta,
            isMember: { name in connection.channels.contains { $0.description == name } },
            previousID: { extras.followed[ChannelName($0) ?? publication.channel] },
            publicationMeta: details?.meta ?? [:], content: publication.payload.bytes, maxBytes: connection.limits.maxMessageBytes)
        switch outcome {
        case .drop(.failed(let filter, let why)):
            connection.warn("a publication on \(publication.channel) is dropped: \(filter.rawValue): \(why)")
            return false
        case .drop: return false
        case .pass(let bytes) where bytes == publication.payload.bytes: return connection.send(&message) == .taken
        case .pass(let bytes):
            var own = OutgoingMessage(publication.payload.replacing(bytes))
            return connection.send(&own) == .taken
        }
    }

    private func give(
        _ publication: Publication, _ details: PublicationDetails, to connection: Connection, _ message: inout OutgoingMessage
    ) -> Bool {
        switch details.webSocket {
        case .message:
            guard let extras = connection.extras, extras.isChoosy else {
                // Without filters a connection gets what asks for none.
                return details.webSocketFilters?.isEmpty ?? true ? connection.send(&message) == .taken : false
            }
            return choose(publication, details, for: connection, extras, otherwise: &message)
        case .ping(let payload):
            connection.sendControl(.ping, payload)
        case .pong(let payload):
            connection.sendControl(.pong, payload)
        case .close(let code, let reason):
            guard connection.isNext(publication) else { return false }
            connection.close(code, reason: reason)
        case .refresh:
            connection.tell(.refresh)
        case .none:
            // It has its place in the order all the same.
            _ = connection.isNext(publication)
            return false
        }
        return true
    }
}

extension Payload {
    /// The same kind of message with other content.
    fileprivate func replacing(_ bytes: ByteBuffer) -> Payload {
        switch self {
        case .text: .text(bytes)
        case .binary: .binary(bytes)
        }
    }
}
