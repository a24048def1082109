// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastCore

/// Numbers that whoever adds to them could not hold are no message: what comes from an engine must not end a node.
@Suite struct NodeMessageBoundsTests {
    private let writer = NodeMessageWriter(sender: NodeMessageSamples.sender)
    private let request = NodeRequest(instance: 1, number: 1)

    private func read(_ message: NodeMessage) throws(NodeMessageError) -> NodeMessage {
        try NodeMessageReader(try writer.bytes(of: message)).message()
    }

    /// All messages that say how many of something a node has.
    private func amounts(_ count: Int) -> [NodeMessage] {
        [
            .results(to: request, [.done(delivered: count)]),
            .answer(to: request, .count(count), isLast: true),
            .answer(to: request, .channels([ChannelCount(name: .sample("a"), subscribers: count)]), isLast: true),
            .question(request: 1, .channels(after: nil, limit: count)),
            .question(request: 1, .connections(after: nil, limit: count, route: nil, channel: nil)),
            .announcement(NodeAnnouncement(started: 1, lease: .seconds(1), version: "", connections: count)),
        ]
    }

    /// All messages that say how long something takes.
    private func durations(_ duration: Duration) -> [NodeMessage] {
        let message = TimedMessage(form: .text, bytes: ByteBuffer(), after: duration)
        return [ConnectionControl.poll(every: duration), .keepAlive(message), .sendLater(message)].map {
            .actions(request: 0, [.control($0, to: nil)])
        }
    }

    @Test("How many: less than 2³²")
    func amounts() throws {
        for message in amounts(Int(UInt32.max)) { #expect(try read(message) == message) }
        for message in amounts(Int(UInt32.max) + 1) + amounts(.max) { #expect(throws: NodeMessageError.invalid(.number)) { try read(message) } }
    }

    @Test("How long: as many seconds as the apps can say, and not so many that a time from now on cannot be said")
    func durations() throws {
        let longest = Duration.seconds(Int64(Int32.max))
        for message in durations(longest) { #expect(try read(message) == message) }
        for message in durations(longest + .nanoseconds(1)) + durations(.nanoseconds(Int64.max)) {
            #expect(throws: NodeMessageError.invalid(.number)) { try read(message) }
        }
    }

    @Test("A list of records whose place is the last that there can be is passed over, and the next one is taken")
    func lastPlace() {
        let (node, now) = (NodeMessageSamples.sender, MonotonicTime.after(.seconds(1)))
        var ledger = RecordLedger()
        for listing: UInt64 in [0, 1, .max] {
            let batch = RecordBatch(listing: listing, index: .max, isComplete: true, changes: [.set(NodeMessageSamples.record)])
            _ = ledger.take(batch, of: node, at: now)
            #expect(ledger.recordCount == 0)
        }
        let whole = RecordBatch(listing: 2, index: 0, isComplete: true, changes: [.set(NodeMessageSamples.record)])
        _ = ledger.take(whole, of: node, at: now)
        _ = ledger.take(RecordBatch(listing: 2, index: .max, isComplete: true, changes: []), of: node, at: now)
        #expect(ledger.recordCount == 1)
    }
}
