// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// A record as bytes: what other nodes keep. The id is not among them; it stands beside them (``ConnectionRecord``).
///
/// | bytes | what |
/// |---|---|
/// | 1 | version: 1 |
/// | 1 | bits: 1 outbound, 2 trusted, 4 with a protocol, 8 with a webhook head |
/// | text | the route's name |
/// | 17 | the trace: its id, its flags |
/// | 3 texts | remote address, path, query |
/// | list | headers: name and value |
/// | text | the protocol, where there is one |
/// | list | the state: key and value |
/// | list | the channels |
/// | text | the webhook head, where there is one |
///
/// Texts, lists and lengths are those of the messages in which records travel (``FieldWriter``).
extension SessionRecord {
    static let version: UInt8 = 1
    /// What is larger is not kept: an engine between the nodes may not carry it.
    package static let maxBytes = 256 << 10

    fileprivate struct Bits: OptionSet {
        let rawValue: UInt8

        static let outbound = Bits(rawValue: 1)
        static let trusted = Bits(rawValue: 2)
        static let hasProtocol = Bits(rawValue: 4)
        static let hasHead = Bits(rawValue: 8)
        static let all: Bits = [.outbound, .trusted, .hasProtocol, .hasHead]
    }

    /// - Returns: `nil` where it would be larger than ``maxBytes``.
    package var encoded: ConnectionRecord? {
        var bits: Bits = []
        if facts.direction == .outbound { bits.insert(.outbound) }
        if isTrusted { bits.insert(.trusted) }
        if chosenProtocol != nil { bits.insert(.hasProtocol) }
        if facts.webhookHead != nil { bits.insert(.hasHead) }
        var writer = FieldWriter(ByteBufferAllocator().buffer(capacity: 128 + (facts.webhookHead?.count ?? 0) + state.size))
        writer.byte(Self.version)
        writer.byte(bits.rawValue)
        writer.text(facts.route)
        writer.fixed(trace.high)
        writer.fixed(trace.low)
        writer.byte(trace.flags)
        for text in [facts.remoteAddress, facts.path, facts.query] { writer.text(text) }
        writer.list(facts.headers) { writer, header in
            writer.text(header.name)
            writer.text(header.value)
        }
        if let chosenProtocol { writer.text(chosenProtocol) }
        writer.list(state.entries) { writer, entry in
            writer.text(entry.key)
            writer.text(entry.value)
        }
        writer.list(channels) { $0.channel($1) }
        if let head = facts.webhookHead {
            writer.number(head.count)
            head.write(into: &writer.buffer)
        }
        return writer.buffer.readableBytes <= Self.maxBytes ? ConnectionRecord(id: facts.id, bytes: writer.buffer) : nil
    }

    /// Reads what ``encoded`` has made.
    ///
    /// - Returns: `nil` for anything else, also for bytes of a version that this node does not know.
    package init?(_ record: ConnectionRecord) {
        guard record.bytes.readableBytes <= Self.maxBytes, let read = try? SessionRecord(reading: record) else { return nil }
        self = read
    }

    private init(reading record: ConnectionRecord) throws(NodeMessageError) {
        var reader = FieldReader(record.bytes)
        let bits = try reader.recordBits()
        let route = try reader.text()
        trace = TraceContext(high: try reader.fixed(), low: try reader.fixed(), flags: try reader.byte())
        let (remoteAddress, path, query) = (try reader.text(), try reader.text(), try reader.text())
        let request = OpeningRequest(path: path, query: query, remoteAddress: remoteAddress, headers: [], protocols: [])
        let headers = try reader.pairs().map { OpeningRequest.Field(name: $0.0, value: $0.1) }
        chosenProtocol = bits.contains(.hasProtocol) ? try reader.text() : nil
        state = ConnectionState(try reader.pairs().map { ConnectionState.Entry(key: $0.0, value: $0.1) })
        channels = try reader.list { reader throws(NodeMessageError) in try reader.channel() }
        var head: SplitHead?
        if bits.contains(.hasHead) {
            var whole = SplitHead()
            whole.appendShared(try reader.text())
            head = whole
        }
        guard reader.rest.readableBytes == 0 else { throw .invalid(.record) }
        facts = ConnectionFacts(
            id: record.id, direction: bits.contains(.outbound) ? .outbound : .inbound, route: route, request: request, kept: headers,
            webhookHead: head)
        isTrusted = bits.contains(.trusted)
    }

    /// The route of a record, without reading the rest of it; `nil` where that cannot be a record.
    package static func route(of record: ConnectionRecord) -> String? {
        var reader = FieldReader(record.bytes)
        guard (try? reader.recordBits()) != nil else { return nil }
        return try? reader.text()
    }
}

extension FieldReader {
    /// What a record begins with: its version and its bits.
    fileprivate mutating func recordBits() throws(NodeMessageError) -> SessionRecord.Bits {
        let version = try byte()
        guard version == SessionRecord.version else { throw .unknownVersion(version) }
        let bits = SessionRecord.Bits(rawValue: try byte())
        guard SessionRecord.Bits.all.isSuperset(of: bits) else { throw .invalid(.record) }
        return bits
    }
}
