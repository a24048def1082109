// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// What another node of a cluster says, or who has the engine's password.
///
/// Never a crash: not when it is read, nor when it is acted on. What is read can be written, and reads the same; equal messages have equal bytes.
enum NodeMessages {
    static let target = FuzzTarget(name: "NodeMessages", maxLength: 1024) { input in
        do throws(NodeMessageError) {
            let reader = try NodeMessageReader(.amid(input.rest, noise: "\u{1}\u{2}n1"))
            let sender = try reader.sender()
            claim(reader.isFrom(sender), "it is not from \(sender)")
            let message = try reader.message()
            claim(reader.hasBroadcasts == message.isBroadcasts, "\(message)")
            let written = try write(message, sender, like: reader)
            let again = try? NodeMessageReader(.amid(written.readableBytesView))
            claim(again?.instance == reader.instance && again?.number == reader.number, "written as \(shown(written.readableBytesView))")
            claim((try? again?.message()) == message, "\(message) is written as \(shown(written.readableBytesView))")
            let twice = again.flatMap { again in try? write(try again.message(), sender, like: reader) }
            claim(twice == written, "written as \(shown(written.readableBytesView)), then as \(shown((twice ?? ByteBuffer()).readableBytesView))")
            act(on: message, from: NodeInstance(sender, reader.instance))
        } catch {
            claim(error != .notForOthers && isLine(error.description), "\(error)")
        }
    }

    private static func write(_ message: NodeMessage, _ sender: NodeName, like reader: NodeMessageReader) throws(NodeMessageError) -> ByteBuffer {
        let writer = NodeMessageWriter(sender: NodeInstance(sender, reader.instance))
        var bytes = try writer.bytes(of: message)
        writer.number(reader.number, in: &bytes)
        return bytes
    }

    // MARK: What becomes of it

    private static func act(on message: NodeMessage, from sender: NodeInstance) {
        tell(message, from: sender)
        switch message {
        case .actions(_, let actions): for action in actions { wait(for: action) }
        case .results(_, let results):
            var tally = ActionTally(count: 1)
            for result in results + results { tally.add(result, at: 0) }
        case .answer(_, .channels(let channels), _):
            var first = FirstChannels(after: nil, limit: 3)
            for _ in 0..<3 { first.add(channels) }
            claim(first.first.count <= 3, "\(first.first)")
        case .answer(_, .count(let count), _): claim(count.multipliedReportingOverflow(by: 4096).overflow == false, "\(count) on every node")
        case .question(_, .connections(_, let limit, _, _)), .question(_, .channels(_, let limit)):
            claim((0...ViewPortion.maxEntries).contains(ViewPortion.limit(limit)), "\(limit)")
        default: break
        }
    }

    /// A node that has been there for long hears it twice, and goes on.
    private static func tell(_ message: NodeMessage, from sender: NodeInstance) {
        guard let name = NodeName("own") else { return }
        let announcement = NodeAnnouncement(started: 5, lease: .seconds(1), version: "1")
        var machine = ClusterMachine(own: NodeInstance(name, 7), announcement: announcement, keepsRecords: true)
        var now = MonotonicTime(nanoseconds: 1 << 60)
        _ = machine.wentUp(at: now)
        _ = machine.join(at: now)
        for turn in 0..<40 {
            now = now + .milliseconds(100)
            for order in machine.tick(at: now, connections: 1, isDraining: false) {
                if case .fetch(_, _, let listing) = order { _ = machine.fetched([], listing: listing) }
            }
            if turn == 10 { _ = machine.received(.announcement(announcement), from: sender, at: now) }
            if turn == 12 || turn == 14 {
                machine.heard(sender, at: now)
                _ = machine.received(message, from: sender, at: now)
            }
        }
    }

    /// A connection counts from now when something is to be done.
    private static func wait(for action: Action) {
        guard case .control(let control, _) = action else { return }
        let now = MonotonicTime(nanoseconds: 1 << 60)
        switch control {
        case .poll(.some(let interval)): claim(now + interval >= now, "\(interval)")
        case .keepAlive(.some(let message)), .sendLater(let message): claim(now + message.after + message.after >= now, "\(message)")
        default: break
        }
    }
}

extension NodeMessage {
    fileprivate var isBroadcasts: Bool { if case .broadcasts = self { true } else { false } }
}
