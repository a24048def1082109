// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@testable import HoldfastBrokers

@Suite(.timeLimit(.minutes(1))) struct ClusterMembershipTests {
    private let cluster = TestCluster()

    @Test("Nodes know each other as soon as they have joined, with what they say of themselves")
    func members() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        await cluster.settle()
        #expect(nodes.map { $0.broker.members.map(\.name.description) } == [["b", "c"], ["a", "c"], ["a", "b"]])
        nodes[1].inbox.change { $0.standing = NodeStanding(connections: 5, isDraining: true) }
        await cluster.advance(.seconds(3))
        #expect(
            nodes[0].broker.members.first == NodeMember(name: nodes[1].broker.node, instance: 2, version: "1.0", connections: 5, isDraining: true))
        #expect(nodes[0].broker.status.isUp)
        #expect(nodes[0].broker.status.problem == nil)
        #expect(nodes[0].broker.status.server == "memory:1")
    }

    @Test("A name that is taken is refused with a sentence, and the node that has it goes on")
    func nameTaken() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let second = try cluster.make("a", instance: 77, started: 5_000)
        await #expect(throws: BrokerError.self) { try await cluster.join(second) }
        #expect(!second.broker.status.isUp)
        #expect(nodes[0].broker.status.isUp)
        #expect(nodes[1].broker.members.map(\.instance) == [1])
        let results = await second.broker.perform([.took(contentBytes: 1)], on: nodes[1].broker.node)
        #expect(results == [.unreachable])
    }

    @Test("Of two that start with one name at once, one gets it")
    func atOnce() async throws {
        let one = try cluster.make("a", instance: 1, started: 5_000)
        let two = try cluster.make("a", instance: 2, started: 5_000)
        let joins = [one, two].map { node in Task { try await node.broker.join(node.inbox, on: cluster.loop) } }
        try await cluster.advance(until: "one is in") { one.broker.status.isUp || two.broker.status.isUp }
        try await joins[0].value
        await #expect(throws: BrokerError.self) { try await joins[1].value }
        #expect(one.broker.status.isUp)
        #expect(!two.broker.status.isUp)
    }

    @Test("A node joins when its broker can be reached for the first time")
    func waits() async throws {
        let node = try cluster.make("a", isAllowed: false)
        let joining = Task { try await node.broker.join(node.inbox, on: cluster.loop) }
        await cluster.advance(.seconds(5))
        #expect(!node.broker.status.isUp)
        #expect(node.broker.status.problem == "memory:1 is out of reach", "this is what keeps it from joining")
        node.bus.connect()
        try await cluster.advance(until: "it is in") { node.broker.status.isUp }
        try await joining.value
    }

    @Test("What the engine refuses ends the joining")
    func refused() async throws {
        let bus = MemoryBus(cluster.exchange, refusal: BrokerError(.refused, "wrong password"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let broker = ClusterBroker(bus: bus, settings: cluster.settings, node: .standalone, version: "1", logger: logger)
        await #expect(throws: BrokerError(.refused, "wrong password")) { try await broker.join(RecordingInbox(), on: cluster.loop) }
        #expect(!broker.status.isUp)
        await #expect(throws: BrokerError.self) { try await broker.join(RecordingInbox(), on: cluster.loop) }
    }

    @Test("A node that is not heard of for the lease is lost; who waits for it is told")
    func lease() async throws {
        let nodes = try await cluster.nodes("a", "b")
        await cluster.advance(.seconds(10))
        nodes[1].bus.cut()
        await cluster.advance(.seconds(6))
        #expect(nodes[0].broker.members.count == 1)
        await cluster.advance(.seconds(5))
        #expect(nodes[0].broker.members == [])
        let id = ConnectionID.sample(1, node: nodes[1].broker.node)
        #expect(await nodes[0].broker.perform([.subscribe(try .sample("x"), to: id)], on: nodes[1].broker.node) == [.notFound])
        // It cannot judge anybody itself.
        #expect(nodes[1].broker.members.count == 1)
        #expect(nodes[1].broker.status.problem == "memory:1 is out of reach")
        nodes[1].bus.connect()
        await cluster.advance(.milliseconds(200))
        #expect(nodes[0].broker.members.count == 1)
    }

    @Test("Who leaves sends what waits, and is gone at once")
    func leaves() async throws {
        let nodes = try await cluster.nodes("a", "b")
        nodes[1].broker.began(try .sample("room"))
        await cluster.settle()
        nodes[0].broker.broadcast([try .sample("room", "last words")])
        await nodes[0].broker.leave()
        await cluster.settle()
        #expect(nodes[1].inbox.texts == ["last words"])
        #expect(nodes[1].broker.members == [])
        #expect(nodes[1].inbox.notes.lost.isEmpty)
        #expect(nodes[0].broker.status.problem == "this node has left its cluster")
        nodes[0].broker.broadcast([try .sample("room", "too late")])
        nodes[0].broker.began(try .sample("room"))
        await nodes[0].broker.leave()
        await cluster.settle()
        #expect(nodes[1].inbox.texts == ["last words"])
    }

    @Test("A node that crashed and is back under its name replaces what it was")
    func restarted() async throws {
        let nodes = try await cluster.nodes("a", "b")
        nodes[1].bus.cut()
        let again = try cluster.make("b", instance: 9, started: 9_000)
        try await cluster.join(again)
        await cluster.settle()
        #expect(nodes[0].broker.members.map(\.instance) == [9])
        #expect(again.broker.members.map(\.name.description) == ["a"])
    }

    @Test("Two halves that each had a node of one name: the later one is not up until the other is gone")
    func clash() async throws {
        let one = try cluster.make("a", instance: 1, started: 1_000)
        let two = try cluster.make("a", instance: 2, started: 2_000)
        cluster.exchange.divide([two.bus])
        try await cluster.join(one, two)
        #expect(two.broker.status.isUp)
        cluster.exchange.heal()
        await cluster.advance(.seconds(4))
        #expect(one.broker.status.isUp)
        #expect(!two.broker.status.isUp)
        #expect(two.broker.status.problem?.contains("another node is named a") == true)
        await one.broker.leave()
        await cluster.advance(.milliseconds(300))
        #expect(two.broker.status.isUp)
    }

    @Test("While the broker is away, publications wait, up to a bound; then they arrive, once")
    func away() async throws {
        let nodes = try await cluster.nodes("a", "b")
        nodes[1].broker.began(try .sample("room"))
        let small = try cluster.make("c", instance: 3, queueLimit: 5)
        try await cluster.join(small)
        nodes[0].broker.broadcast([try .sample("room", "before")])
        await cluster.settle()
        for node in [nodes[0], small] {
            node.bus.cut()
            for number in 0..<20 { node.broker.broadcast([try .sample("room", "\(node.broker.node)\(number)")]) }
        }
        await cluster.advance(.seconds(2))
        #expect(nodes[1].inbox.texts == ["before"])
        #expect(small.broker.status.dropped == 15)
        #expect(small.broker.status.queuedBytes > 0)
        nodes[0].bus.connect(replaying: 3)
        small.bus.connect()
        await cluster.settle()
        #expect(nodes[1].inbox.texts == ["before"] + (0..<20).map { "a\($0)" } + (15..<20).map { "c\($0)" })
        #expect(nodes[1].broker.status.repeated > 0)
    }

    @Test("A divided server: each half goes on; when it heals, they know each other again")
    func divided() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        nodes[2].broker.began(try .sample("room"))
        await cluster.advance(.seconds(10))
        cluster.exchange.divide([nodes[2].bus])
        await cluster.advance(.seconds(15))
        #expect(nodes.map { $0.broker.members.count } == [1, 1, 0])
        nodes[0].broker.broadcast([try .sample("room", "unheard")])
        await cluster.settle()
        cluster.exchange.heal()
        await cluster.advance(.seconds(3))
        #expect(nodes.map { $0.broker.members.count } == [2, 2, 2])
        nodes[0].broker.broadcast([try .sample("room", "heard")])
        await cluster.settle()
        #expect(nodes[2].inbox.texts == ["heard"])
    }

    @Test("A channel stays asked for while it lingers, and is asked for once")
    func linger() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let room = try ChannelName.sample("room")
        nodes[0].broker.began(room)
        nodes[0].broker.ended(room)
        nodes[0].broker.began(room)
        await cluster.advance(.seconds(5))
        #expect(nodes[0].bus.subjects.contains("holdfast.c.room"))
        #expect(nodes[0].broker.status.channels == 1)
        nodes[0].broker.ended(room)
        await cluster.advance(.milliseconds(1_800))
        #expect(nodes[0].bus.subjects.contains("holdfast.c.room"))
        await cluster.advance(.milliseconds(400))
        #expect(nodes[0].bus.unsubscribed == ["holdfast.c.room"])
        #expect(nodes[0].broker.status.channels == 0)
        #expect(nodes[0].bus.subscribeCalls.joined().count { $0 == "holdfast.c.room" } == 1)
    }

    @Test("Many channels are asked for in few calls")
    func batches() async throws {
        let node = try cluster.make("a")
        for number in 0..<1_000 { node.broker.began(try .sample("c\(number)")) }
        try await cluster.join(node)
        #expect(node.broker.status.channels == 1_000)
        #expect(node.bus.subscribeCalls.count <= 3)
    }

    @Test("What is of another version, or no message at all, is skipped and counted")
    func notUnderstood() async throws {
        let nodes = try await cluster.nodes("a", "b")
        nodes[1].broker.began(try .sample("room"))
        let stranger = NodeMessageWriter(sender: NodeInstance(try #require(NodeName("x")), 5))
        var later = stranger.bytes(of: [try .sample("room", "from the future")][...])
        later.setInteger(2 as UInt8, at: 0)
        var understood = stranger.bytes(of: [try .sample("room", "understood")][...])
        stranger.number(1, in: &understood)
        let other = MemoryBus(cluster.exchange)
        try await other.start(on: cluster.loop, SilentListener())
        other.publish([
            BusMessage(subject: "holdfast.c.room", bytes: later), BusMessage(subject: "holdfast.all", bytes: ByteBuffer(bytes: [1, 2, 3])),
            BusMessage(subject: "holdfast.c.room", bytes: understood),
            // Only what is urgent may have no number.
            BusMessage(subject: "holdfast.c.room", bytes: stranger.bytes(of: [try .sample("room", "without a number")][...])),
        ])
        await cluster.settle()
        #expect(nodes[1].inbox.texts == ["understood"])
        #expect(nodes[1].broker.status.notUnderstood == 3)
    }

    @Test("A node whose messages the engine does not carry does not join")
    func mayNotPublish() async throws {
        let node = try cluster.make("a")
        let joining = Task { try await node.broker.join(node.inbox, on: cluster.loop) }
        await cluster.settle()
        node.bus.refuse("no right to publish")
        await cluster.settle()
        let error = await #expect(throws: BrokerError.self) { try await joining.value }
        #expect(error?.code == .refused && error?.description.contains("no right to publish") == true)
    }

    private struct SilentListener: BusListener {
        func received(_ messages: [BusMessage]) {}
        func changed(isUp: Bool) {}
        func refused(_ why: String) {}
    }
}
