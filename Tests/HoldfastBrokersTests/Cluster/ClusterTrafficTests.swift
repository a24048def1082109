// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite(.timeLimit(.minutes(1))) struct ClusterTrafficTests {
    private let cluster = TestCluster()

    @Test("A publication reaches each other node that wants it, once and in order, and never its own")
    func publications() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        nodes[0].broker.began(try .sample("room"))
        nodes[1].broker.began(try .sample("room"))
        await cluster.settle()
        nodes[0].broker.broadcast([try .sample("room", "1"), try .sample("room", "2"), try .sample("other", "x"), try .sample("room", "3")])
        nodes[0].broker.broadcast([try .sample("room", "4")])
        nodes[2].broker.broadcast([try .sample("room", "5")])
        await cluster.settle()
        #expect(nodes[0].inbox.texts == ["5"])
        #expect(nodes[1].inbox.texts == ["1", "2", "3", "4", "5"])
        #expect(nodes[2].inbox.texts.isEmpty)
        #expect(nodes[1].broker.status.repeated == 0)
    }

    @Test("What was published while the engine was away reaches nodes that come back later than the publisher")
    func backOneByOne() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        for node in nodes { node.broker.began(try .sample("room")) }
        await cluster.settle()
        for node in nodes { node.bus.cut() }
        await cluster.settle()
        for (place, node) in nodes.enumerated() { for text in ["1", "2"] { node.broker.broadcast([try .sample("room", "\(place).\(text)")]) } }
        for node in nodes {
            node.bus.connect()
            await cluster.advance(.milliseconds(700))
        }
        await cluster.advance(.milliseconds(200))
        for (place, node) in nodes.enumerated() {
            let others = (0..<3).filter { $0 != place }
            #expect(Set(node.inbox.texts) == Set(others.flatMap { ["\($0).1", "\($0).2"] }))
            for other in others { #expect(node.inbox.texts.filter { $0.hasPrefix("\(other).") } == ["\(other).1", "\(other).2"]) }
            #expect(node.broker.status.repeated == 0 && node.broker.status.dropped == 0)
        }
    }

    @Test("Nodes that do not come back are waited for for a moment only; actions on connections elsewhere are refused meanwhile")
    func notBack() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        nodes[1].broker.began(try .sample("room"))
        await cluster.settle()
        for node in nodes { node.bus.cut() }
        await cluster.settle()
        nodes[0].broker.broadcast([try .sample("room", "1")])
        nodes[1].bus.connect()
        nodes[0].bus.connect()
        await cluster.advance(.milliseconds(300))
        let id = ConnectionID.sample(1, node: nodes[1].broker.node)
        #expect(await nodes[0].broker.perform([.send(.text(ByteBuffer(string: "x")), to: id)], on: nodes[1].broker.node) == [.unreachable])
        nodes[0].broker.broadcast([try .sample("room", "2")])
        await cluster.advance(.milliseconds(1500))
        #expect(nodes[1].inbox.texts == [])
        await cluster.advance(.milliseconds(1000))
        #expect(nodes[1].inbox.texts == ["1", "2"])
    }

    @Test("Actions that nobody waits for wait for the engine")
    func actionsWait() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let id = ConnectionID.sample(1, node: nodes[1].broker.node)
        nodes[0].bus.cut()
        await cluster.settle()
        nodes[0].broker.send([.send(.text(ByteBuffer(string: "x")), to: id)], to: nodes[1].broker.node, answer: nil)
        await cluster.settle()
        nodes[0].bus.connect()
        await cluster.advance(.milliseconds(300))
        #expect(nodes[1].inbox.notes.performed == [[.send(.text(ByteBuffer(string: "x")), to: id)]])
    }

    @Test("What lies on the desk is bounded, and what is dropped is counted")
    func desk() throws {
        var desk = ClusterDesk(maxBytes: 1000)
        desk.state = .joined
        let writer = NodeMessageWriter(sender: NodeInstance(try #require(NodeName("a")), 1))
        for _ in 0..<10 {
            var bytes = writer.bytes(of: [try .sample("room", String(repeating: "x", count: 200))][...])
            _ = desk.add(&bytes, to: "s", writer)
        }
        #expect(desk.counts.sent < 5 && desk.counts.sent > 0 && desk.counts.dropped == 10 - desk.counts.sent)
        var items: [ClusterDesk.Item] = []
        desk.take(keeping: &items)
        #expect(items.count == desk.counts.sent)
        var bytes = writer.bytes(of: [try .sample("room", "x")][...])
        #expect(desk.add(&bytes, to: "s", writer))
    }

    @Test("What one read brings is delivered in one call")
    func oneCall() async throws {
        let nodes = try await cluster.nodes("a", "b")
        nodes[1].broker.began(try .sample("room"))
        await cluster.settle()
        nodes[0].broker.broadcast([try .sample("room", "1"), try .sample("room", "2")])
        nodes[0].broker.broadcast([.close(try .sample("room"), .goingAway, reason: "bye")])
        await cluster.settle()
        #expect(nodes[1].inbox.notes.deliveries.count <= 2)
        #expect(nodes[1].inbox.notes.deliveries.joined().count == 3)
    }

    @Test("Publications of one call for one channel travel in one message of bounded size")
    func batches() async throws {
        let nodes = try await cluster.nodes("a", "b")
        await cluster.settle()
        let before = cluster.exchange.log.count
        nodes[0].broker.broadcast(try (0..<100).map { try .sample("room", "\($0)") })
        await cluster.settle()
        #expect(cluster.exchange.log.count - before == 1)
        nodes[1].broker.began(try .sample("room"))
        await cluster.settle()
        let large = String(repeating: "x", count: 100_000)
        nodes[0].broker.broadcast(try (0..<10).map { _ in try .sample("room", large) })
        await cluster.settle()
        #expect(cluster.exchange.log.count - before == 6)
        #expect(nodes[1].inbox.texts == Array(repeating: large, count: 10))
    }

    @Test("Actions are carried out by the node that has the connection, and their results come back")
    func actions() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let id = ConnectionID.sample(1, node: nodes[1].broker.node)
        let actions: [Action] = [.send(.text(ByteBuffer(string: "hello")), to: id), .close(.normal, reason: "bye", to: id)]
        nodes[1].inbox.change { $0.results = [.done(delivered: 1), .refused("no")] }
        async let results = nodes[0].broker.perform(actions, on: nodes[1].broker.node)
        await cluster.advance(.milliseconds(100))
        #expect(await results == [.done(delivered: 1), .refused("no")])
        #expect(nodes[1].inbox.notes.performed == [actions])
    }

    @Test("Actions whose results nobody wants are carried out in the order of sending")
    func order() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let id = ConnectionID.sample(1, node: nodes[1].broker.node)
        for number in 0..<100 { nodes[0].broker.send([.send(.text(ByteBuffer(string: "\(number)")), to: id)], to: nodes[1].broker.node, answer: nil) }
        await cluster.settle()
        let expected = (0..<100).map { Action.send(.text(ByteBuffer(string: "\($0)")), to: id) }
        #expect(nodes[1].inbox.notes.performed.flatMap(\.self) == expected)
    }

    @Test("More actions than one message holds are carried out in order, and their results come together")
    func manyActions() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let id = ConnectionID.sample(1, node: nodes[1].broker.node)
        let text = ByteBuffer(string: String(repeating: "x", count: 100_000))
        let actions = (0..<7).map { _ in Action.send(.text(text), to: id) }
        let results = NIOLockedValueBox<[ActionResult]>([])
        nodes[0].broker.send(actions, to: nodes[1].broker.node) { all in results.withLockedValue { $0 += all } }
        await cluster.settle()
        #expect(results.withLockedValue { $0 } == Array(repeating: .done(delivered: 1), count: 7))
        #expect(nodes[1].inbox.notes.performed.count == 4)
    }

    @Test("A node that is not known, or does not answer, is told from one that does")
    func nobody() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let stranger = try #require(NodeName("stranger"))
        let id = ConnectionID.sample(1, node: stranger)
        #expect(await nodes[0].broker.perform([.subscribe(try .sample("x"), to: id)], on: stranger) == [.notFound])
        #expect(await nodes[0].broker.ask(.subscriberCount(try .sample("x")), of: stranger) == nil)
        nodes[1].inbox.change { $0.isSilent = true }
        let results = NIOLockedValueBox<[ActionResult]>([])
        nodes[0].broker.send([.subscribe(try .sample("x"), to: id)], to: nodes[1].broker.node) { all in results.withLockedValue { $0 = all } }
        await cluster.advance(.milliseconds(800))
        #expect(results.withLockedValue { $0 } == [])
        await cluster.advance(.milliseconds(300))
        #expect(results.withLockedValue { $0 } == [.unreachable])
        nodes[0].bus.cut()
        await cluster.settle()
        #expect(await nodes[0].broker.perform([.subscribe(try .sample("x"), to: id)], on: nodes[1].broker.node) == [.unreachable])
    }

    @Test("Actions that are not for other nodes are refused")
    func refused() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let results = await nodes[0].broker.perform([.took(contentBytes: 1)], on: nodes[1].broker.node)
        #expect(results == [.refused(NodeMessageError.notForOthers.description)])
    }

    @Test("Questions are answered, also at length")
    func questions() async throws {
        let nodes = try await cluster.nodes("a", "b")
        let name = nodes[1].broker.node
        nodes[1].inbox.change { $0.open = (0..<1_000).map { ConnectionRecord(id: .sample($0, node: name), bytes: ByteBuffer()) } }
        let asker = nodes[0].broker
        let count = Task { await asker.ask(.subscriberCount(try .sample("x")), of: name) }
        let page = Task { await asker.ask(.connections(after: nil, limit: 1_000, route: nil, channel: nil), of: name) }
        await cluster.advance(.milliseconds(500))
        #expect(try await count.value == .count(7))
        guard case .connections(let connections)? = await page.value else { throw CancellationError() }
        #expect(connections.map(\.id) == nodes[1].inbox.notes.open.map(\.id))
    }
}
