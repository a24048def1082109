// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Makes the bytes of a node's messages. docs/cluster-protocol.md is the table of them.
package struct NodeMessageWriter: Sendable {
    /// The version that this node writes, and the only one that it reads.
    package static let version: UInt8 = 1

    /// What all messages of this node begin with: version, name, instance.
    private let head: ByteBuffer
    private let numberOffset: Int

    package init(sender: NodeInstance) {
        var writer = FieldWriter(ByteBuffer())
        writer.byte(Self.version)
        writer.node(sender.name)
        writer.fixed(sender.number)
        head = writer.buffer
        numberOffset = head.readableBytes
    }

    /// The bytes of a message that has no number yet (``number(_:in:)``).
    ///
    /// - Throws: ``NodeMessageError/notForOthers`` for actions that only the node that has them can carry out.
    package func bytes(of message: NodeMessage) throws(NodeMessageError) -> ByteBuffer {
        switch message {
        case .broadcasts(let broadcasts): return bytes(of: broadcasts[...])
        case .actions(let request, let actions):
            var writer = begin(.actions, 32 + actions.count * 96)
            writer.number(request)
            writer.number(actions.count)
            for action in actions { try writer.action(action) }
            return writer.buffer
        case .results(let request, let results):
            var writer = begin(.results, 32 + results.count * 4)
            writer.request(request)
            writer.list(results) { $0.result($1) }
            return writer.buffer
        case .question(let request, let question):
            var writer = begin(.question, 128)
            writer.number(request)
            writer.question(question)
            return writer.buffer
        case .answer(let request, let answer, let isLast):
            var writer = begin(.answer, 128)
            writer.request(request)
            writer.flag(isLast)
            writer.answer(answer)
            return writer.buffer
        case .announcement, .objection, .farewell: return membership(message)
        case .records, .forgetRecords, .wantsRecords, .handedOver, .reported, .buried: return records(message)
        }
    }

    /// The bytes of broadcasts, as ``bytes(of:)``: those of one channel that follow one another say its name once.
    package func bytes(of broadcasts: ArraySlice<Broadcast>) -> ByteBuffer {
        var writer = begin(.broadcasts, broadcasts.reduce(16) { $0 + $1.room })
        var groups = 0
        var previous: ChannelName?
        for broadcast in broadcasts where broadcast.channel != previous {
            previous = broadcast.channel
            groups += 1
        }
        writer.number(groups)
        var rest = broadcasts
        while let first = rest.first {
            let channel = first.channel
            let end = groups == 1 ? rest.endIndex : rest.firstIndex { $0.channel != channel } ?? rest.endIndex
            writer.channel(channel)
            writer.list(rest[..<end]) { $0.broadcast($1) }
            rest = rest[end...]
        }
        return writer.buffer
    }

    /// Numbers a message: the last that is done before it goes out, so that numbers rise in the order of sending.
    package func number(_ number: UInt64, in bytes: inout ByteBuffer) {
        bytes.setInteger(number, at: bytes.readerIndex + numberOffset)
    }

    private func membership(_ message: NodeMessage) -> ByteBuffer {
        switch message {
        case .announcement(let announcement):
            var writer = begin(.announcement, 64)
            writer.number(announcement.started)
            writer.duration(announcement.lease)
            writer.byte((announcement.isDraining ? 1 : 0) | (announcement.isJoining ? 2 : 0) | (announcement.asks ? 4 : 0))
            writer.number(announcement.connections)
            writer.text(announcement.version)
            return writer.buffer
        case .objection(let instance):
            var writer = begin(.objection, 8)
            writer.fixed(instance)
            return writer.buffer
        default: return begin(.farewell, 0).buffer
        }
    }

    private func records(_ message: NodeMessage) -> ByteBuffer {
        switch message {
        case .records(let batch):
            var writer = begin(.records, 32 + batch.changes.count * 128)
            writer.number(batch.listing)
            writer.number(batch.index)
            writer.flag(batch.isComplete)
            writer.list(batch.changes) { $0.recordChange($1) }
            return writer.buffer
        case .forgetRecords(let listing):
            var writer = begin(.forgetRecords, 10)
            writer.number(listing)
            return writer.buffer
        case .wantsRecords(let instance):
            var writer = begin(.wantsRecords, 8)
            writer.fixed(instance)
            return writer.buffer
        case .handedOver(let records):
            var writer = begin(.handedOver, 96 + records.records.count * 128)
            writer.instance(records.lost)
            writer.number(records.listing)
            writer.byte((records.isComplete ? 1 : 0) | (records.isLast ? 2 : 0))
            writer.list(records.records) { $0.record($1) }
            return writer.buffer
        case .reported(let instance):
            var writer = begin(.reported, 80)
            writer.instance(instance)
            return writer.buffer
        case .buried(let instance, let connections):
            var writer = begin(.buried, 16 + connections.count * 64)
            writer.fixed(instance)
            writer.list(connections) { $0.connection($1) }
            return writer.buffer
        default: return begin(.farewell, 0).buffer
        }
    }

    /// - Parameter room: about how many bytes follow.
    private func begin(_ kind: NodeMessageKind, _ room: Int) -> FieldWriter {
        var buffer = ByteBufferAllocator().buffer(capacity: head.readableBytes + 9 + room)
        buffer.writeImmutableBuffer(head)
        buffer.writeInteger(0 as UInt64)
        buffer.writeInteger(kind.rawValue)
        return FieldWriter(buffer)
    }
}

extension Broadcast {
    /// About how many bytes it takes.
    package var room: Int {
        switch self {
        case .message(let publication):
            let plain = 16 + publication.channel.description.utf8.count + publication.payload.count + (publication.id?.utf8.count ?? 0)
            return publication.details == nil && publication.except.isEmpty ? plain : plain + publication.weight
        case .close(let channel, _, let reason): return 16 + channel.description.utf8.count + reason.utf8.count
        }
    }
}

extension FieldWriter {
    mutating func request(_ request: NodeRequest) {
        fixed(request.instance)
        number(request.number)
    }

    mutating func instance(_ instance: NodeInstance) {
        node(instance.name)
        fixed(instance.number)
    }

    mutating func record(_ record: ConnectionRecord) {
        connection(record.id)
        bytes(record.bytes)
    }

    mutating func recordChange(_ change: RecordChange) {
        switch change {
        case .set(let record):
            byte(0)
            self.record(record)
        case .remove(let id):
            byte(1)
            connection(id)
        }
    }
}
