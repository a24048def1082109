// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing

@testable import HoldfastCore

/// What nodes say in version 1 of their protocol, byte for byte. Nodes of different builds meet while a cluster is upgraded: where one of these
/// tests fails, it is the change that is wrong, unless it comes with a new version or a new kind (docs/cluster-protocol.md).
@Suite struct GoldenBytesTests {
    private let writer = NodeMessageWriter(sender: NodeMessageSamples.sender)
    private let golden: [String: [UInt8]]

    init() throws {
        let file = try #require(Bundle.module.url(forResource: "GoldenBytes", withExtension: "txt"))
        golden = try Self.read(try String(contentsOf: file, encoding: .utf8))
    }

    @Test("These are the bytes of version 1")
    func version() {
        #expect(NodeMessageWriter.version == 1)
        #expect(SessionRecord.version == 1)
    }

    @Test("Every message is written as these bytes, and read from them")
    func messages() throws {
        for (name, message) in GoldenSamples.messages {
            var bytes = try writer.bytes(of: message)
            writer.number(GoldenSamples.number, in: &bytes)
            guard let expected = golden[name] else {
                Issue.record("no bytes of \"\(name)\"; they are:\n\(Self.entry(name, bytes))")
                continue
            }
            #expect(Array(bytes.readableBytesView) == expected, "it would be:\n\(Self.entry(name, bytes))")
            let reader = try NodeMessageReader(ByteBuffer(bytes: expected))
            #expect(try reader.sender() == NodeMessageSamples.sender.name, "\(name)")
            #expect(reader.instance == NodeMessageSamples.sender.number && reader.number == GoldenSamples.number, "\(name)")
            #expect(try reader.message() == message, "\(name)")
        }
    }

    @Test("Every record of a connection is written as these bytes, and read from them")
    func sessions() throws {
        for (name, record) in GoldenSamples.sessions {
            let bytes = try #require(record.encoded).bytes
            guard let expected = golden[name] else {
                Issue.record("no bytes of \"\(name)\"; they are:\n\(Self.entry(name, bytes))")
                continue
            }
            #expect(Array(bytes.readableBytesView) == expected, "it would be:\n\(Self.entry(name, bytes))")
            let read = try #require(SessionRecord(ConnectionRecord(id: record.facts.id, bytes: ByteBuffer(bytes: expected))), "\(name)")
            let (one, other) = (record.facts, read.facts)
            #expect(one.id == other.id && one.direction == other.direction && one.route == other.route, "\(name)")
            #expect(one.remoteAddress == other.remoteAddress && one.path == other.path && one.query == other.query, "\(name)")
            #expect(one.headers == other.headers && one.webhookHead == other.webhookHead, "\(name)")
            #expect(record.chosenProtocol == read.chosenProtocol && record.state == read.state && record.channels == read.channels, "\(name)")
            #expect(record.trace == read.trace && record.isTrusted == read.isTrusted, "\(name)")
        }
    }

    @Test("Every kind is there, and nothing that has no sample")
    func complete() {
        let names = GoldenSamples.messages.map(\.name) + GoldenSamples.sessions.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(golden.keys) == Set(names))
        let kinds = Set(GoldenSamples.messages.compactMap { golden[$0.name]?.dropFirst(Self.kindOffset).first })
        for kind in NodeMessageKind.allCases { #expect(kinds.contains(kind.rawValue), "\(kind)") }
    }

    /// Version, name, instance, number.
    private static let kindOffset = 1 + 3 + 8 + 8

    /// A name on a line of its own, and behind it its bytes as indented lines of hex. Lines that begin with `#` say something to who reads them.
    private static func read(_ text: String) throws -> [String: [UInt8]] {
        var entries: [String: [UInt8]] = [:]
        var name: String?
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard line.hasPrefix(" ") else {
                name = String(line)
                try #require(entries.updateValue([], forKey: String(line)) == nil, "\(line) is there twice")
                continue
            }
            let digits = Array(line.filter { $0 != " " })
            for place in stride(from: 0, to: digits.count, by: 2) {
                let byte = try #require(UInt8(String(digits[place..<min(place + 2, digits.count)]), radix: 16), "\(line)")
                entries[try #require(name), default: []].append(byte)
            }
        }
        return entries
    }

    /// As it stands in the file.
    private static func entry(_ name: String, _ bytes: ByteBuffer) -> String {
        let digits = bytes.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        let lines = stride(from: 0, to: digits.count, by: 32).map { start in
            "    "
                + stride(from: start, to: min(start + 32, digits.count), by: 4).map { place in
                    digits[place..<min(place + 4, digits.count)].joined()
                }.joined(separator: " ")
        }
        return ([name] + lines).joined(separator: "\n")
    }
}
