// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastCore

@Suite struct NodeMessageTests {
    private let writer = NodeMessageWriter(sender: NodeMessageSamples.sender)

    private func read(_ bytes: ByteBuffer) throws(NodeMessageError) -> NodeMessage { try NodeMessageReader(bytes).message() }

    @Test("Everything that is written is read as it was", arguments: NodeMessageSamples.all)
    func roundTrip(message: NodeMessage) throws {
        var bytes = try writer.bytes(of: message)
        writer.number(42, in: &bytes)
        let reader = try NodeMessageReader(bytes)
        #expect(reader.number == 42)
        #expect(reader.instance == NodeMessageSamples.sender.number)
        #expect(reader.isFrom(NodeMessageSamples.sender.name))
        #expect(!reader.isFrom(.sample("n")))
        #expect(try reader.sender() == NodeMessageSamples.sender.name)
        #expect(try reader.message() == message)
    }

    @Test("Equal messages become equal bytes", arguments: NodeMessageSamples.all)
    func stable(message: NodeMessage) throws {
        #expect(try writer.bytes(of: message) == writer.bytes(of: message))
        #expect(try writer.bytes(of: try read(try writer.bytes(of: message))) == writer.bytes(of: message))
    }

    @Test("What a later version adds behind the last field is passed over", arguments: NodeMessageSamples.all)
    func additions(message: NodeMessage) throws {
        var bytes = try writer.bytes(of: message)
        bytes.writeBytes([1, 2, 3, 255])
        #expect(try read(bytes) == message)
    }

    @Test("What is cut short is an error, wherever it is cut", arguments: NodeMessageSamples.all)
    func truncation(message: NodeMessage) throws {
        let bytes = try writer.bytes(of: message)
        for count in 0..<bytes.readableBytes {
            let cut = try #require(bytes.getSlice(at: bytes.readerIndex, length: count))
            #expect(throws: NodeMessageError.self, "\(count) of \(bytes.readableBytes) bytes") { try read(cut) }
        }
    }

    @Test("Random bytes are no reason to crash, and one byte changed is a message or an error")
    func garbage() throws {
        var random = QuickRandom(seed: 7)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? read(ByteBuffer(bytes: bytes))
            _ = try? read(ByteBuffer(bytes: Array(writerHead) + [UInt8.random(in: 0...16, using: &random)] + bytes))
        }
        for message in NodeMessageSamples.all {
            let bytes = Array(try writer.bytes(of: message).readableBytesView)
            for place in bytes.indices {
                for change: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                    var changed = bytes
                    changed[place] = change
                    guard let other = try? read(ByteBuffer(bytes: changed)) else { continue }
                    _ = try writer.bytes(of: other)
                }
            }
        }
    }

    /// What stands in front of each message, up to its kind.
    private var writerHead: [UInt8] {
        guard let bytes = try? writer.bytes(of: .farewell) else { preconditionFailure("a farewell can be written") }
        return Array(bytes.readableBytesView.dropLast())
    }

    @Test("Lengths that are not true are found out before anything is kept room for")
    func hugeLengths() {
        let huge: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            [UInt8](repeating: 0xFF, count: 11),
        ]
        for kind in NodeMessageKind.allCases where kind != .farewell {
            for length in huge {
                // A length may be the first thing in a message, or come behind a few numbers.
                for before in 0..<12 {
                    let bytes = writerHead + [kind.rawValue] + [UInt8](repeating: 1, count: before) + length
                    _ = try? read(ByteBuffer(bytes: bytes))
                }
            }
        }
        #expect(throws: NodeMessageError.truncated) { try read(ByteBuffer(bytes: writerHead + [1, 1] + huge[0])) }
        #expect(throws: NodeMessageError.invalid(.number)) { try read(ByteBuffer(bytes: writerHead + [1] + huge[3])) }
    }

    @Test("Versions and kinds that are not known are named")
    func unknown() {
        #expect(throws: NodeMessageError.unknownVersion(2)) { try read(ByteBuffer(bytes: [2] + writerHead.dropFirst() + [8])) }
        #expect(throws: NodeMessageError.unknownKind(99)) { try read(ByteBuffer(bytes: writerHead + [99])) }
        #expect(throws: NodeMessageError.truncated) { try read(ByteBuffer()) }
    }

    @Test(
        "Actions that only the node that has them can carry out are not written",
        arguments: [
            Action.accept(protocol: nil, headers: []), .reject(Refusal()), .askAgain(after: .seconds(1)), .took(contentBytes: 1),
            .publish(Publication(channel: .sample("a"), payload: .sample("x"))), .closeChannel(.sample("a"), code: .normal, reason: ""),
            NodeMessageSamples.dial,
        ])
    func notForOthers(action: Action) {
        #expect(throws: NodeMessageError.notForOthers) { try writer.bytes(of: .actions(request: 1, [action])) }
    }

    @Test(
        "Fields that would do harm are refused",
        arguments: [
            (NodeMessage.broadcasts([.close(.sample("a"), .abnormal, reason: "")]), NodeMessageError.Field.closeCode),
            (.broadcasts([.message(Publication(channel: .sample("a"), payload: .text(ByteBuffer(bytes: [0xC3, 0x28]))))]), .text),
            (.broadcasts([.message(.sample(.init(webSocket: .ping(ByteBuffer(repeating: 1, count: 126)))))]), .frame),
            (.broadcasts([.message(.sample(.init(response: .init(status: 99, body: .bytes(ByteBuffer())))))]), .status),
            (.broadcasts([.message(.sample(.init(response: .init(reason: "a\r\nb", body: .bytes(ByteBuffer())))))]), .status),
            (.broadcasts([.message(.sample(.init(response: .init(headers: [.init(name: "a b", value: "")], body: .bytes(ByteBuffer())))))]), .header),
            (.broadcasts([.message(.sample(.init(response: .init(headers: [.init(name: "a", value: "\n")], body: .bytes(ByteBuffer())))))]), .header),
            (.announcement(NodeAnnouncement(started: 1, lease: .zero, version: "")), .number),
        ])
    func harmful(message: NodeMessage, field: NodeMessageError.Field) throws {
        let bytes = try writer.bytes(of: message)
        #expect(throws: NodeMessageError.invalid(field)) { try read(bytes) }
    }

    @Test("What is kept has memory of its own")
    func ownMemory() throws {
        let record = ConnectionRecord(id: NodeMessageSamples.id, bytes: ByteBuffer(string: "record"))
        var bytes = try writer.bytes(of: .records(RecordBatch(listing: 1, index: 0, isComplete: true, changes: [.set(record)])))
        bytes.writeRepeatingByte(0, count: 100_000)
        guard case .records(let batch) = try read(bytes), case .set(let kept)? = batch.changes.first else { throw NodeMessageError.truncated }
        #expect(kept.bytes.storageCapacity < 1_000)
    }
}

extension Publication {
    fileprivate static func sample(_ details: PublicationDetails) -> Publication {
        Publication(channel: .sample("a"), payload: .sample("x"), details: details)
    }
}
