// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads what ``NodeMessageWriter`` wrote: first what stands in front, by which a repetition is known, then the rest.
///
/// The bytes come from outside: anything that is wrong with them is an error, and no length in them is believed before the bytes are there.
package struct NodeMessageReader: Sendable {
    /// The sender's name, not yet looked at.
    private let name: ByteBuffer
    /// The sender's instance.
    package let instance: UInt64
    /// The message's place among all that this instance sent; 0 where it has none: one that goes before all that waits (``NodeMessage/isUrgent``).
    package let number: UInt64
    private let kind: UInt8
    private let body: ByteBuffer

    /// Reads what stands in front.
    package init(_ bytes: ByteBuffer) throws(NodeMessageError) {
        var reader = FieldReader(bytes)
        let version = try reader.byte()
        guard version == NodeMessageWriter.version else { throw .unknownVersion(version) }
        name = try reader.bytes()
        instance = try reader.fixed()
        number = try reader.fixed()
        kind = try reader.byte()
        body = reader.rest
    }

    /// Whether the sender has that name.
    package func isFrom(_ name: NodeName) -> Bool {
        var text = name.description
        return text.withUTF8 { text in
            self.name.withUnsafeReadableBytes { bytes in
                guard bytes.count == text.count else { return false }
                for place in 0..<bytes.count where bytes[place] != text[place] { return false }
                return true
            }
        }
    }

    package func sender() throws(NodeMessageError) -> NodeName {
        guard let name = NodeName(String(buffer: name)) else { throw .invalid(.node) }
        return name
    }

    /// Whether ``message()`` is ``NodeMessage/broadcasts(_:)``, if it is anything.
    package var hasBroadcasts: Bool { kind == NodeMessageKind.broadcasts.rawValue }

    /// Whether ``message()`` is ``NodeMessage/isUrgent``, if it is anything.
    package var isUrgent: Bool { kind == NodeMessageKind.announcement.rawValue || kind == NodeMessageKind.objection.rawValue }

    /// Reads the rest. What stands behind the last field is of a later version, and passed over.
    package func message() throws(NodeMessageError) -> NodeMessage {
        guard let kind = NodeMessageKind(rawValue: kind) else { throw .unknownKind(kind) }
        var reader = FieldReader(body)
        switch kind {
        case .broadcasts: return .broadcasts(try reader.broadcasts())
        case .actions:
            return .actions(request: try reader.number(), try reader.list { reader throws(NodeMessageError) in try reader.action() })
        case .results:
            return .results(to: try reader.request(), try reader.list { reader throws(NodeMessageError) in try reader.result() })
        case .question: return .question(request: try reader.number(), try reader.question())
        case .answer:
            let request = try reader.request()
            let isLast = try reader.flag()
            return .answer(to: request, try reader.answer(), isLast: isLast)
        case .announcement: return .announcement(try reader.announcement())
        case .objection: return .objection(instance: try reader.fixed())
        case .farewell: return .farewell
        case .records:
            return .records(
                RecordBatch(
                    listing: try reader.number(), index: try reader.number(), isComplete: try reader.flag(),
                    changes: try reader.list { reader throws(NodeMessageError) in try reader.recordChange() }))
        case .forgetRecords: return .forgetRecords(listing: try reader.number())
        case .wantsRecords: return .wantsRecords(instance: try reader.fixed())
        case .handedOver: return .handedOver(try reader.handedOver())
        case .reported: return .reported(try reader.instance())
        case .buried:
            return .buried(instance: try reader.fixed(), try reader.list { reader throws(NodeMessageError) in try reader.connection() })
        }
    }
}

extension FieldReader {
    fileprivate mutating func broadcasts() throws(NodeMessageError) -> [Broadcast] {
        var broadcasts: [Broadcast] = []
        for _ in 0..<(try count()) {
            let channel = try channel()
            for _ in 0..<(try count()) { broadcasts.append(try broadcast(on: channel)) }
        }
        return broadcasts
    }

    fileprivate mutating func request() throws(NodeMessageError) -> NodeRequest {
        NodeRequest(instance: try fixed(), number: try number())
    }

    fileprivate mutating func instance() throws(NodeMessageError) -> NodeInstance { NodeInstance(try node(), try fixed()) }

    fileprivate mutating func announcement() throws(NodeMessageError) -> NodeAnnouncement {
        let started = try number()
        let lease = try duration()
        guard NodeAnnouncement.leases.contains(lease) else { throw .invalid(.number) }
        // Bits of later versions are passed over.
        let flags = try byte()
        let connections = try amount()
        return NodeAnnouncement(
            started: started, lease: lease, version: try text(), connections: connections, isDraining: flags & 1 != 0, isJoining: flags & 2 != 0,
            asks: flags & 4 != 0)
    }

    fileprivate mutating func handedOver() throws(NodeMessageError) -> HandedOverRecords {
        let lost = try instance()
        let listing = try number()
        let flags = try byte()
        return HandedOverRecords(
            lost: lost, listing: listing, isComplete: flags & 1 != 0, isLast: flags & 2 != 0,
            records: try list { reader throws(NodeMessageError) in try reader.record() })
    }

    fileprivate mutating func record() throws(NodeMessageError) -> ConnectionRecord {
        ConnectionRecord(id: try connection(), bytes: try ownBytes())
    }

    fileprivate mutating func recordChange() throws(NodeMessageError) -> RecordChange {
        switch try byte() {
        case 0: .set(try record())
        case 1: .remove(try connection())
        default: throw .invalid(.record)
        }
    }
}
