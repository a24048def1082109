// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
package import NIOCore

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
/// A text is its length in bytes and its bytes. A list is its length and its texts. Lengths have seven bits a byte, the lowest first, and a set
/// highest bit where another byte follows.
extension SessionRecord {
    static let version: UInt8 = 1
    /// What is larger is not kept: an engine between the nodes may not carry it.
    package static let maxBytes = 256 << 10

    private struct Bits: OptionSet {
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
        var bytes = ByteBufferAllocator().buffer(capacity: 128 + (facts.webhookHead?.count ?? 0) + state.size)
        bytes.writeMultipleIntegers(Self.version, bits.rawValue)
        bytes.writeText(facts.route)
        bytes.writeMultipleIntegers(trace.high, trace.low, trace.flags)
        for text in [facts.remoteAddress, facts.path, facts.query] { bytes.writeText(text) }
        bytes.writeLength(facts.headers.count)
        for header in facts.headers {
            bytes.writeText(header.name)
            bytes.writeText(header.value)
        }
        if let chosenProtocol { bytes.writeText(chosenProtocol) }
        bytes.writeLength(state.entries.count)
        for entry in state.entries {
            bytes.writeText(entry.key)
            bytes.writeText(entry.value)
        }
        bytes.writeLength(channels.count)
        for channel in channels { bytes.writeText(channel.description) }
        if let head = facts.webhookHead {
            bytes.writeLength(head.count)
            head.write(into: &bytes)
        }
        return bytes.readableBytes <= Self.maxBytes ? ConnectionRecord(id: facts.id, bytes: bytes) : nil
    }

    /// Reads what ``encoded`` has made.
    ///
    /// - Returns: `nil` for anything else, also for bytes of a version that this node does not know.
    package init?(_ record: ConnectionRecord) {
        var bytes = record.bytes
        guard bytes.readableBytes <= Self.maxBytes, bytes.readInteger(as: UInt8.self) == Self.version,
            let bits = bytes.readInteger(as: UInt8.self).map(Bits.init), Bits.all.isSuperset(of: bits), let route = bytes.readText(),
            let (high, low, flags) = bytes.readMultipleIntegers(as: (UInt64, UInt64, UInt8).self), let remoteAddress = bytes.readText(),
            let path = bytes.readText(), let query = bytes.readText(), let headers = bytes.readPairs()
        else { return nil }
        if bits.contains(.hasProtocol) {
            guard let text = bytes.readText() else { return nil }
            chosenProtocol = text
        } else {
            chosenProtocol = nil
        }
        guard let entries = bytes.readPairs(), let channels = bytes.readChannels() else { return nil }
        var head: SplitHead?
        if bits.contains(.hasHead) {
            guard let text = bytes.readText() else { return nil }
            var whole = SplitHead()
            whole.appendShared(text)
            head = whole
        }
        guard bytes.readableBytes == 0 else { return nil }
        facts = ConnectionFacts(
            id: record.id, direction: bits.contains(.outbound) ? .outbound : .inbound, route: route,
            request: OpeningRequest(path: path, query: query, remoteAddress: remoteAddress, headers: [], protocols: []),
            kept: headers.map { OpeningRequest.Field(name: $0.0, value: $0.1) }, webhookHead: head)
        state = ConnectionState(entries.map { ConnectionState.Entry(key: $0.0, value: $0.1) })
        self.channels = channels
        trace = TraceContext(high: high, low: low, flags: flags)
        isTrusted = bits.contains(.trusted)
    }

    /// The route of a record, without reading the rest of it; `nil` where that cannot be a record.
    package static func route(of record: ConnectionRecord) -> String? {
        var bytes = record.bytes
        guard bytes.readInteger(as: UInt8.self) == version, bytes.readInteger(as: UInt8.self) != nil else { return nil }
        return bytes.readText()
    }
}

extension ByteBuffer {
    fileprivate mutating func writeLength(_ length: Int) {
        var rest = length
        while rest > 0x7F {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(rest))
    }

    fileprivate mutating func writeText(_ text: String) {
        writeLength(text.utf8.count)
        writeString(text)
    }

    /// - Returns: `nil` where there is none, or it is more than there are bytes left: each thing that is counted has one at least.
    fileprivate mutating func readLength() -> Int? {
        var length = 0
        var shift = 0
        while shift <= 21, let byte = readInteger(as: UInt8.self) {
            length |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return length <= readableBytes ? length : nil }
            shift += 7
        }
        return nil
    }

    fileprivate mutating func readText() -> String? { readLength().flatMap { readString(length: $0) } }

    fileprivate mutating func readPairs() -> [(String, String)]? {
        guard let count = readLength() else { return nil }
        var pairs: [(String, String)] = []
        for _ in 0..<count {
            guard let key = readText(), let value = readText() else { return nil }
            pairs.append((key, value))
        }
        return pairs
    }

    fileprivate mutating func readChannels() -> [ChannelName]? {
        guard let count = readLength() else { return nil }
        var channels: [ChannelName] = []
        for _ in 0..<count {
            guard let channel = readText().flatMap(ChannelName.init) else { return nil }
            channels.append(channel)
        }
        return channels
    }
}
