// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct MessageReaderTests {
    /// Frames, and the steps that they make.
    struct Sample: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: [UInt8]
        var steps: [MessageReader.Step]
        var expectsMask = true

        init(_ name: String, _ frames: [RawFrame], _ steps: [MessageReader.Step], expectsMask: Bool = true) {
            self.name = name
            self.bytes = frames.flatMap(\.bytes)
            self.steps = steps
            self.expectsMask = expectsMask
        }

        var testDescription: String { name }
    }

    // MARK: Good streams

    @Test("A stream of frames makes the same messages, however the network cuts it", arguments: samples)
    func cuts(_ sample: Sample) {
        for cut in Cuts.all(sample.bytes) {
            let reading = MessageReading(cut, expectsMask: sample.expectsMask)
            guard reading.steps != sample.steps || reading.violation != nil || reading.leftBytes else { continue }
            Issue.record("\(Cuts.name(cut)): \(reading)")
            return
        }
    }

    private static let samples: [Sample] = [
        Sample("one text", [RawFrame(1, "hello")], [.text("hello")]),
        Sample("one binary", [RawFrame(2, [0, 255, 128, 0])], [.binary([0, 255, 128, 0])]),
        Sample("empty messages", [RawFrame(1, ""), RawFrame(2, "")], [.text(""), .binary([])]),
        Sample("a mask of zeros", [RawFrame(1, "plain", mask: 0)], [.text("plain")]),
        Sample("a mask of ones", [RawFrame(1, "inverse", mask: .max)], [.text("inverse")]),
        Sample(
            "a mask per frame",
            [RawFrame(1, "abcdefghi", mask: 1), RawFrame(1, "abcdefghi", mask: 0xFF00_0000), RawFrame(2, "a", mask: 0x0000_00FF)],
            [.text("abcdefghi"), .text("abcdefghi"), .binary([0x61])]),
        Sample(
            "a text in fragments", [RawFrame(1, "ab", isFinal: false), RawFrame(0, "cd", isFinal: false), RawFrame(0, "ef")], [.text("abcdef")]),
        Sample(
            "a binary in fragments", [RawFrame(2, [1], isFinal: false), RawFrame(0, [2]), RawFrame(2, [3])], [.binary([1, 2]), .binary([3])]),
        Sample(
            "empty fragments", [RawFrame(1, "", isFinal: false), RawFrame(0, "", isFinal: false), RawFrame(0, "x", isFinal: false), RawFrame(0, "")],
            [.text("x")]),
        Sample("nothing but empty fragments", [RawFrame(2, [], isFinal: false), RawFrame(0, [])], [.binary([])]),
        Sample(
            "control frames between fragments",
            [
                RawFrame(9, "before"), RawFrame(1, "one ", isFinal: false), RawFrame(9, "p1"), RawFrame(10, ""), RawFrame(0, "two ", isFinal: false),
                RawFrame(9, ""), RawFrame(0, "three"), RawFrame(10, "after"),
            ],
            [.ping("before"), .ping("p1"), .pong(""), .ping(""), .text("one two three"), .pong("after")]),
        Sample(
            "a ping inside a character", [RawFrame(1, [0xF0, 0x9F], isFinal: false), RawFrame(9, [0xFF]), RawFrame(0, [0x98, 0x80])],
            [.ping(ByteBuffer(bytes: [0xFF])), .text("😀")]),
        Sample(
            "a character in four fragments",
            [RawFrame(1, [0xF0], isFinal: false), RawFrame(0, [0x9F], isFinal: false), RawFrame(0, [0x98], isFinal: false), RawFrame(0, [0x80])],
            [.text("😀")]),
        Sample(
            "text of all lengths of characters", [RawFrame(1, "aé€😀\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\0")],
            [.text("aé€😀\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\0")]),
        Sample("a close with a reason", [RawFrame(8, [0x03, 0xE8] + Array("bye".utf8))], [.close(.normal, reason: "bye")]),
        Sample("a close without a reason", [RawFrame(8, [0x0F, 0xA0])], [.close(CloseCode(4000), reason: "")]),
        Sample("an empty close", [RawFrame(8, [])], [.close(.none, reason: "")]),
        Sample(
            "a close inside a message", [RawFrame(1, "half", isFinal: false), RawFrame(8, [0x03, 0xE9])], [.close(.goingAway, reason: "")]),
        Sample("a ping of 125 bytes", [RawFrame(9, [UInt8](repeating: 7, count: 125))], [.ping(ByteBuffer(repeating: 7, count: 125))]),
        Sample(
            "to a client", [RawFrame(1, "no mask", mask: nil), RawFrame(9, "x", mask: nil)], [.text("no mask"), .ping("x")], expectsMask: false),
        Sample(
            "fragments to a client", [RawFrame(1, "é", isFinal: false, mask: nil), RawFrame(0, "!", mask: nil)], [.text("é!")], expectsMask: false),
    ]

    @Test("Each form of length is read", arguments: [0, 1, 125, 126, 127, 65535, 65536], [true, false])
    func lengths(_ size: Int, _ isMasked: Bool) {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let bytes = RawFrame(2, payload, mask: isMasked ? 0xA1B2_C3D4 : nil).bytes
        for cut in Cuts.all(bytes + RawFrame(9, "end", mask: isMasked ? 1 : nil).bytes) {
            let reading = MessageReading(cut, expectsMask: isMasked)
            guard reading.steps != [.binary(payload), .ping("end")] || reading.violation != nil else { continue }
            Issue.record("\(Cuts.name(cut)): \(reading.steps.count) steps, \(String(describing: reading.violation))")
            return
        }
    }

    @Test("A stream of random frames in random reads comes out as it went in", arguments: 0..<20)
    func random(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes: [UInt8] = []
        var steps: [MessageReader.Step] = []
        for _ in 0..<30 {
            let payload = (0..<Int.random(in: 0...400, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let ends =
                (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0...payload.count, using: &random) }.sorted() + [payload.count]
            for (index, end) in ends.enumerated() {
                let part = Array(payload[(index == 0 ? 0 : ends[index - 1])..<end])
                let mask = UInt32.random(in: 0 ... .max, using: &random)
                bytes += RawFrame(index == 0 ? 2 : 0, part, isFinal: index == ends.count - 1, mask: mask).bytes
                guard index < ends.count - 1, random.oneIn(2) else { continue }
                bytes += RawFrame(9, "\(index)").bytes
                steps.append(.ping("\(index)"))
            }
            steps.append(.binary(payload))
        }
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...200, using: &random))
            pieces.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        let reading = MessageReading(pieces)
        #expect(reading.violation == nil)
        #expect(reading.steps == steps)
    }

    // MARK: What is handed out, and what is kept

    @Test("Messages come one at a time; what follows stays in the buffer")
    func oneAtATime() throws {
        var reader = MessageReader(expectsMask: true, maxMessageBytes: 100)
        let second = RawFrame(1, "two").bytes
        var buffer = ByteBuffer.amid(RawFrame(1, "one").bytes + second)
        #expect(try reader.next(from: &buffer) == .text("one"))
        #expect(buffer.bytes == second)
        #expect(try reader.next(from: &buffer) == .text("two"))
        #expect(try reader.next(from: &buffer) == .needMore)
    }

    @Test("A message does not share the storage of the read buffer", arguments: [true, false])
    func ownStorage(_ isMasked: Bool) throws {
        var reader = MessageReader(expectsMask: isMasked, maxMessageBytes: 10_000)
        var buffer = ByteBuffer(bytes: RawFrame(2, [UInt8](repeating: 1, count: 5000), mask: isMasked ? 5 : nil).bytes)
        let storage = buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        guard case .binary(let message) = try reader.next(from: &buffer) else {
            Issue.record("no message")
            return
        }
        let own = message.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(own < storage || own > storage + 5100)
    }

    @Test("A message that was handed out does not change when the next one comes")
    func stays() throws {
        var reader = MessageReader(expectsMask: true, maxMessageBytes: 100)
        var buffer = ByteBuffer(
            bytes: RawFrame(1, "first").bytes + RawFrame(9, "ping1").bytes + RawFrame(1, "other").bytes + RawFrame(9, "ping2").bytes)
        let steps = try (0..<4).map { _ in try reader.next(from: &buffer) }
        #expect(steps == [.text("first"), .ping("ping1"), .text("other"), .ping("ping2")])
    }

    @Test("Nothing makes nothing")
    func nothing() throws {
        var reader = MessageReader(expectsMask: true, maxMessageBytes: 100)
        var buffer = ByteBuffer()
        #expect(try reader.next(from: &buffer) == .needMore)
    }
}
