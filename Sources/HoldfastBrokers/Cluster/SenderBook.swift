// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Which messages of which node have come. An entry outlives its node's lease: what it sent before may come again when it is back.
struct SenderBook {
    private struct Sender {
        let name: NodeName
        var window: ReplayWindow
        var heardAt: MonotonicTime
    }

    /// Beyond it those are forgotten who have not been heard for longest.
    static let limit = 4_096

    private var senders: [UInt64: Sender] = [:]

    /// Notes a message.
    ///
    /// - Returns: who sent it, and whether it came before.
    mutating func take(_ reader: NodeMessageReader, at now: MonotonicTime) throws(NodeMessageError) -> (NodeInstance, ReplayWindow.Arrival) {
        guard reader.number > 0 else {
            guard reader.isUrgent else { throw .invalid(.number) }
            return (NodeInstance(try reader.sender(), reader.instance), .next)
        }
        if let place = senders.index(forKey: reader.instance), reader.isFrom(senders.values[place].name) {
            senders.values[place].heardAt = now
            return (NodeInstance(senders.values[place].name, reader.instance), senders.values[place].window.take(reader.number))
        }
        let name = try reader.sender()
        if senders.count >= Self.limit, let oldest = senders.min(by: { $0.value.heardAt < $1.value.heardAt })?.key { senders[oldest] = nil }
        senders[reader.instance] = Sender(name: name, window: ReplayWindow(first: reader.number), heardAt: now)
        return (NodeInstance(name, reader.instance), .next)
    }
}
