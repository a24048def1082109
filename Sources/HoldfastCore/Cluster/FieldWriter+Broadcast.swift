// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// The parts of a broadcast, without its channel.
extension FieldWriter {
    mutating func broadcast(_ broadcast: Broadcast) {
        switch broadcast {
        case .message(let publication): self.publication(publication)
        case .close(_, let code, let reason):
            byte(BroadcastHead.close)
            number(UInt64(code.rawValue))
            text(reason)
        }
    }

    private mutating func publication(_ publication: Publication) {
        var head = BroadcastHead.text
        if case .binary = publication.payload { head = BroadcastHead.binary }
        if !publication.except.isEmpty { head |= BroadcastHead.hasExcept }
        if publication.id != nil { head |= BroadcastHead.hasID }
        if publication.details != nil { head |= BroadcastHead.hasDetails }
        byte(head)
        bytes(publication.payload.bytes)
        if !publication.except.isEmpty { list(publication.except) { $0.connection($1) } }
        if let id = publication.id { text(id) }
        if let details = publication.details { self.details(details) }
    }

    private mutating func details(_ details: PublicationDetails) {
        flag(details.isUnordered)
        text(details.previousID)
        texts(details.meta)
        switch details.webSocket {
        case .message: byte(0)
        case .ping(let bytes):
            byte(1)
            self.bytes(bytes)
        case .pong(let bytes):
            byte(2)
            self.bytes(bytes)
        case .close(let code, let reason):
            byte(3)
            number(UInt64(code.rawValue))
            text(reason)
        case .refresh: byte(4)
        case .none: byte(5)
        }
        filters(details.webSocketFilters)
        flag(details.response != nil)
        if let response = details.response { self.response(response) }
        flag(details.stream != nil)
        if let stream = details.stream { self.stream(stream) }
    }

    private mutating func response(_ response: HeldResponseContent) {
        flag(response.action == .hint)
        number(response.status)
        text(response.reason)
        list(response.headers) { writer, header in
            writer.text(header.name)
            writer.text(header.value)
        }
        switch response.body {
        case .bytes(let bytes):
            byte(0)
            self.bytes(bytes)
        case .patch(let patch):
            byte(1)
            bytes(patch.value.source)
        }
        filters(response.filters)
    }

    private mutating func stream(_ stream: HeldStreamContent) {
        switch stream.action {
        case .send(let bytes):
            byte(0)
            self.bytes(bytes)
        case .close: byte(1)
        case .hint: byte(2)
        }
        filters(stream.filters)
    }

    /// No list and an empty one are different things.
    private mutating func filters(_ filters: [String]?) {
        flag(filters != nil)
        if let filters { list(filters) { $0.text($1) } }
    }
}

/// What stands in front of each broadcast: what it is, and in the upper bits what it has.
enum BroadcastHead {
    static let text: UInt8 = 0
    static let binary: UInt8 = 1
    static let close: UInt8 = 2
    static let hasExcept: UInt8 = 0x10
    static let hasID: UInt8 = 0x20
    static let hasDetails: UInt8 = 0x40
}
