// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

struct MemoryBrokerTests {
    /// Writes down what it is told, and carries out nothing.
    private final class Inbox: BrokerInbox {
        private let told = Mutex<[[Broadcast]]>([])
        private let asked = Mutex<[[Action]]>([])

        var broadcasts: [[Broadcast]] { told.withLock { $0 } }
        var actions: [[Action]] { asked.withLock { $0 } }

        func deliver(_ broadcasts: [Broadcast]) { told.withLock { $0.append(broadcasts) } }

        func perform(_ actions: [Action], answer: @escaping @Sendable ([ActionResult]) -> Void) {
            asked.withLock { $0.append(actions) }
            answer(actions.map { _ in .done(delivered: 1) })
        }

        func answer(_ question: NodeQuestion) async -> NodeAnswer { .count(7) }
        func lost(_ records: [ConnectionRecord], of node: NodeName) {}
        func buried(_ connections: [ConnectionID]) {}
        func records(after cursor: ConnectionID?, limit: Int) async -> [ConnectionRecord] { [] }
    }

    private let room = ChannelName.sample("room")
    private let hall = ChannelName.sample("hall")
    private let here = MemoryBroker.Exchange()

    private func join(_ name: String) async throws -> (broker: MemoryBroker, inbox: Inbox) {
        let broker = MemoryBroker(node: .sample(name), exchange: here)
        let inbox = Inbox()
        try await broker.join(inbox, on: EmbeddedEventLoop())
        return (broker, inbox)
    }

    private func message(_ text: String, in channel: ChannelName) -> Broadcast {
        .message(Publication(channel: channel, payload: .sample(text)))
    }

    @Test("A broadcast reaches the other nodes that have subscribers, and never comes back")
    func broadcast() async throws {
        let one = try await join("one")
        let two = try await join("two")
        let three = try await join("three")
        for member in [one, two] { member.broker.began(room) }
        one.broker.broadcast([message("hello", in: room)])
        #expect(two.inbox.broadcasts == [[message("hello", in: room)]])
        #expect(one.inbox.broadcasts.isEmpty, "no echo")
        #expect(three.inbox.broadcasts.isEmpty, "no interest")
    }

    @Test("A node is told what it has subscribers for, in order, and nothing else")
    func interest() async throws {
        let one = try await join("one")
        let two = try await join("two")
        two.broker.began(room)
        let closing = Broadcast.close(room, .goingAway, reason: "bye")
        one.broker.broadcast([message("1", in: room), message("2", in: hall), closing])
        one.broker.broadcast([message("3", in: hall)])
        two.broker.ended(room)
        two.broker.ended(hall)
        one.broker.broadcast([message("4", in: room)])
        #expect(two.inbox.broadcasts == [[message("1", in: room), closing]])
    }

    @Test("A node that left is told nothing more, and one that comes back starts without interests")
    func leave() async throws {
        let one = try await join("one")
        let two = try await join("two")
        two.broker.began(room)
        await two.broker.leave()
        one.broker.broadcast([message("1", in: room)])
        let again = try await join("two")
        one.broker.broadcast([message("2", in: room)])
        again.broker.began(room)
        one.broker.broadcast([message("3", in: room)])
        #expect(two.inbox.broadcasts.isEmpty)
        #expect(again.inbox.broadcasts == [[message("3", in: room)]])
    }

    @Test("Actions are carried out by the node that is named, which may be this one")
    func perform() async throws {
        let one = try await join("one")
        let two = try await join("two")
        let actions: [Action] = [.subscribe(room, to: .sample()), .unsubscribe(room, to: .sample())]
        #expect(await one.broker.perform(actions, on: .sample("two")) == [.done(delivered: 1), .done(delivered: 1)])
        #expect(two.inbox.actions == [actions])
        #expect(one.inbox.actions.isEmpty)
        #expect(await one.broker.perform([], on: .sample("two")) == [])
        #expect(await one.broker.perform(actions, on: .sample("one")).count == 2)
    }

    @Test("A node that nobody knows finds nothing, with a result for each action")
    func performUnknown() async throws {
        let one = try await join("one")
        let actions: [Action] = [.subscribe(room, to: .sample()), .unsubscribe(room, to: .sample())]
        #expect(await one.broker.perform(actions, on: .sample("nobody")) == [.notFound, .notFound])
        let two = try await join("two")
        await two.broker.leave()
        #expect(await one.broker.perform(actions, on: .sample("two")) == [.notFound, .notFound])
    }

    @Test("A name that is taken is refused, and the error says how to mend it")
    func nameTaken() async throws {
        _ = try await join("one")
        let error = await #expect(throws: BrokerError.self) { _ = try await join("one") }
        #expect(error?.code == .nameTaken)
        #expect(error?.description.contains("one") == true)
        #expect(error?.description.contains("--node") == true)
    }

    @Test("A node whose name was taken does no harm to the one that has it")
    func intruder() async throws {
        let one = try await join("one")
        let two = try await join("two")
        let intruder = MemoryBroker(node: .sample("two"), exchange: here)
        await #expect(throws: BrokerError.self) { try await intruder.join(Inbox(), on: EmbeddedEventLoop()) }
        two.broker.began(room)
        intruder.ended(room)
        intruder.began(hall)
        await intruder.leave()
        one.broker.broadcast([message("1", in: room), message("2", in: hall)])
        #expect(two.inbox.broadcasts == [[message("1", in: room)]])
    }

    @Test("A node alone broadcasts into nothing, is always up and has a name for metrics")
    func alone() async throws {
        let broker = MemoryBroker(node: .standalone)
        let inbox = Inbox()
        try await broker.join(inbox, on: EmbeddedEventLoop())
        broker.began(room)
        broker.broadcast([message("1", in: room)])
        #expect(inbox.broadcasts.isEmpty)
        #expect(broker.isUp)
        #expect(broker.name == "memory")
        #expect(broker.node == .standalone)
    }

    @Test("Nodes of separate exchanges do not meet")
    func separate() async throws {
        let one = MemoryBroker(node: .standalone)
        let two = MemoryBroker(node: .standalone)
        try await one.join(Inbox(), on: EmbeddedEventLoop())
        try await two.join(Inbox(), on: EmbeddedEventLoop())
        #expect(await one.perform([.subscribe(room, to: .sample())], on: .sample("n2")) == [.notFound])
    }
}
