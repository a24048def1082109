// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// The parts of a broadcast, as ``FieldWriter`` writes them.
extension FieldReader {
    mutating func broadcast(on channel: ChannelName) throws(NodeMessageError) -> Broadcast {
        let head = try byte()
        if head == BroadcastHead.close { return .close(channel, try closeCode(), reason: try text()) }
        guard head & ~(BroadcastHead.hasExcept | BroadcastHead.hasID | BroadcastHead.hasDetails) <= BroadcastHead.binary else {
            throw .invalid(.broadcast)
        }
        let payload: Payload = head & BroadcastHead.binary == 0 ? .text(try utf8()) : .binary(try bytes())
        let except = head & BroadcastHead.hasExcept == 0 ? [] : try list { reader throws(NodeMessageError) in try reader.connection() }
        let id = head & BroadcastHead.hasID == 0 ? nil : try text()
        let details = head & BroadcastHead.hasDetails == 0 ? nil : try details()
        return .message(Publication(channel: channel, payload: payload, except: except, id: id, details: details))
    }

    private mutating func details() throws(NodeMessageError) -> PublicationDetails {
        let isUnordered = try flag()
        let previousID = try optionalText()
        let meta = try texts()
        let webSocket: PublicationDetails.WebSocketForm =
            switch try byte() {
            case 0: .message
            case 1: .ping(try controlBytes())
            case 2: .pong(try controlBytes())
            case 3: .close(try closeCode(), reason: try text())
            case 4: .refresh
            case 5: .none
            default: throw .invalid(.details)
            }
        let filters = try filters()
        let response = try flag() ? try response() : nil
        let stream = try flag() ? try stream() : nil
        return PublicationDetails(
            webSocket: webSocket, webSocketFilters: filters, response: response, stream: stream, meta: meta, previousID: previousID,
            isUnordered: isUnordered)
    }

    /// What fits into a control frame (RFC 6455 §5.5).
    mutating func controlBytes() throws(NodeMessageError) -> ByteBuffer {
        let bytes = try ownBytes()
        guard bytes.readableBytes <= 125 else { throw .invalid(.frame) }
        return bytes
    }

    private mutating func response() throws(NodeMessageError) -> HeldResponseContent {
        let isHint = try flag()
        let status = try integer()
        guard (100...999).contains(status) else { throw .invalid(.status) }
        let reason = try optionalText()
        guard reason?.isFieldText ?? true else { throw .invalid(.status) }
        let headers = try list { reader throws(NodeMessageError) in
            let header = OpeningRequest.Field(name: try reader.text(), value: try reader.text())
            guard Handshake.isToken(header.name), header.value.isFieldText else { throw .invalid(.header) }
            return header
        }
        let body: HeldResponseContent.Body =
            switch try byte() {
            case 0: .bytes(try bytes())
            case 1: .patch(try patch())
            default: throw .invalid(.details)
            }
        return HeldResponseContent(
            action: isHint ? .hint : .send, status: status, reason: reason, headers: headers, body: body, filters: try filters())
    }

    private mutating func patch() throws(NodeMessageError) -> JSONValueBox {
        guard let value = try? JSONReader.parse(try ownBytes()) else { throw .invalid(.patch) }
        return JSONValueBox(value)
    }

    private mutating func stream() throws(NodeMessageError) -> HeldStreamContent {
        let action: HeldStreamContent.Action =
            switch try byte() {
            case 0: .send(try bytes())
            case 1: .close
            case 2: .hint
            default: throw .invalid(.details)
            }
        return HeldStreamContent(action: action, filters: try filters())
    }

    private mutating func filters() throws(NodeMessageError) -> [String]? {
        try flag() ? try list { reader throws(NodeMessageError) in try reader.text() } : nil
    }
}

extension String {
    /// Whether it can stand in an HTTP head without ending its line.
    fileprivate var isFieldText: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
}
