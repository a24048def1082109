// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

// Values that many tests need and whose content does not matter to them.

extension MonotonicTime {
    /// A time so long after the clock's start.
    static func after(_ duration: Duration) -> MonotonicTime { MonotonicTime(nanoseconds: 0) + duration }
}

extension ConnectionID {
    /// An id that depends on these values alone.
    static func sample(_ seed: UInt64 = 1, node: NodeName = .standalone, shard: UInt16 = 0, slot: UInt32 = 0) -> ConnectionID {
        var generator = QuickRandom(seed: seed)
        return ConnectionID(node: node, shard: shard, slot: slot, using: &generator)
    }
}

extension ChannelName {
    /// For names that are known to be valid.
    static func sample(_ text: String) -> ChannelName {
        guard let name = ChannelName(text) else { preconditionFailure("\(text): \(rule)") }
        return name
    }
}

extension NodeName {
    /// For names that are known to be valid.
    static func sample(_ text: String) -> NodeName {
        guard let name = NodeName(text) else { preconditionFailure("\(text) is no name of a node") }
        return name
    }
}

extension Payload {
    static func sample(_ text: String) -> Payload { .text(ByteBuffer(string: text)) }
}

extension OpeningRequest {
    static func sample(headers: [Field] = [], protocols: [String] = []) -> OpeningRequest {
        OpeningRequest(path: "/chat", query: "", remoteAddress: "203.0.113.9", headers: headers, protocols: protocols)
    }
}

extension SessionView {
    static func sample(id: ConnectionID = .sample(), state: ConnectionState = ConnectionState(), channels: [ChannelName] = []) -> SessionView {
        let facts = ConnectionFacts(id: id, direction: .inbound, route: "chat", request: .sample(), keeping: [])
        return SessionView(facts: facts, state: state, channels: channels)
    }
}
