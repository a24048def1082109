// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@testable import HoldfastBrokers

/// Nodes around one exchange, on one loop whose time the test moves on.
final class TestCluster: Sendable {
    struct Node: Sendable {
        let broker: ClusterBroker
        let bus: MemoryBus
        let inbox: RecordingInbox
    }

    let loop = NIOAsyncTestingEventLoop()
    let exchange = MemoryBus.Exchange()
    let settings: ClusterSettings

    init(_ change: (inout ClusterSettings) -> Void = { _ in }) {
        var settings = ClusterSettings()
        change(&settings)
        self.settings = settings
    }

    /// A node that has not joined.
    func make(_ name: String, instance: UInt64 = 1, started: UInt64 = 1_000, queueLimit: Int = 1_000, isAllowed: Bool = true) throws -> Node {
        let own = NodeInstance(try #require(NodeName(name)), instance)
        let bus = MemoryBus(exchange, queueLimit: queueLimit, isAllowed: isAllowed)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let broker = ClusterBroker(bus: bus, settings: settings, own: own, started: started, version: "1.0", logger: logger)
        return Node(broker: broker, bus: bus, inbox: RecordingInbox())
    }

    func join(_ nodes: Node...) async throws {
        for node in nodes { try await join(node) }
    }

    private func join(_ node: Node) async throws {
        let isOver = NIOLockedValueBox(false)
        let joining = Task {
            defer { isOver.withLockedValue { $0 = true } }
            try await node.broker.join(node.inbox, on: loop)
        }
        try await advance(until: "\(node.broker.node) has joined or not") { isOver.withLockedValue { $0 } }
        try await joining.value
    }

    /// Nodes that have joined.
    func nodes(_ names: String...) async throws -> [Node] {
        var nodes: [Node] = []
        for (place, name) in names.enumerated() {
            let node = try make(name, instance: UInt64(place + 1), started: UInt64(1_000 + place))
            try await join(node)
            nodes.append(node)
        }
        return nodes
    }

    /// Lets time pass, in steps of a tick.
    func advance(_ duration: Duration) async {
        for _ in 0..<max(1, duration.inNanoseconds / 100_000_000) {
            await loop.advanceTime(by: .milliseconds(100))
            for _ in 0..<4 { await Task.yield() }
        }
    }

    /// Lets what is under way arrive.
    func settle() async {
        for _ in 0..<3 {
            await loop.run()
            await Task.yield()
        }
    }

    /// Lets time pass until something is so.
    func advance(until what: Comment, _ isSo: () -> Bool) async throws {
        for _ in 0..<2_000 {
            if isSo() { return }
            await advance(.milliseconds(100))
        }
        Issue.record(what)
        throw CancellationError()
    }
}

extension ChannelName {
    static func sample(_ text: String) throws -> ChannelName { try #require(ChannelName(text)) }
}

extension Broadcast {
    static func sample(_ channel: String, _ text: String) throws -> Broadcast {
        .message(Publication(channel: try .sample(channel), payload: .text(ByteBuffer(string: text))))
    }
}

extension ConnectionID {
    static func sample(_ seed: UInt64, node: NodeName) -> ConnectionID {
        var generator = QuickRandom(seed: seed)
        return ConnectionID(node: node, shard: 0, slot: UInt32(seed), using: &generator)
    }
}
