// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What happened on a connection.
package enum Event: Equatable, Sendable {
    /// The app is asked what is to be dialled; always the first event of a connection that has it.
    case ready(DialQuestion)
    case open(OpeningRequest)
    case message(Payload)
    case ping(ByteBuffer)
    case pong(ByteBuffer)
    /// Nothing happened; the app is to be called all the same.
    case refresh
    /// The connection ended; always the last event.
    case end(Ending)

    /// `nil` for what the app always hears of.
    package var kind: EventKind? {
        switch self {
        case .open: .open
        case .message: .message
        case .ping: .ping
        case .pong: .pong
        case .refresh, .ready: nil
        case .end: .close
        }
    }

    /// Whether the app is asked what to dial.
    package var isQuestion: Bool { if case .ready = self { true } else { false } }

    /// The bytes that the event holds while it waits, for the queue's limit.
    package var weight: Int {
        switch self {
        case .message(let payload): payload.count
        case .ping(let bytes), .pong(let bytes): bytes.readableBytes
        case .ready, .open, .refresh, .end: 0
        }
    }

    /// The event without the first bytes of its content.
    func droppingContent(_ count: Int) -> Event {
        switch self {
        case .message(.text(let bytes)): .message(.text(bytes.dropping(count)))
        case .message(.binary(let bytes)): .message(.binary(bytes.dropping(count)))
        case .ping(let bytes): .ping(bytes.dropping(count))
        case .pong(let bytes): .pong(bytes.dropping(count))
        case .ready, .open, .refresh, .end: self
        }
    }
}

extension ByteBuffer {
    fileprivate func dropping(_ count: Int) -> ByteBuffer {
        var rest = self
        rest.moveReaderIndex(forwardBy: count)
        return rest
    }
}

/// The kinds of events that a route may ask for, by the names that configuration uses.
package enum EventKind: String, CaseIterable, Sendable {
    case open, message, close, ping, pong
}

/// An event and its place in its connection's life.
package struct SequencedEvent: Equatable, Sendable {
    /// Counted from 1, without gaps, over the connection's whole life.
    package let seq: Int
    package let event: Event

    package init(seq: Int, event: Event) {
        self.seq = seq
        self.event = event
    }
}
