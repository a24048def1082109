// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// What a surviving node does for the connections of one that was lost.
@Suite struct LostConnectionsTests {
    private static let lostNode = NodeName("web-9") ?? .standalone

    private func running(
        _ app: ClosingApp, adjust: @escaping @Sendable (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningGateway, Hub) async throws -> Void
    ) async throws {
        let broker = KeepingBroker()
        try await app.running { target in
            try await RunningGateway.running(target, broker: broker, adjust: adjust) { gateway in
                try await body(gateway, try #require(broker.inbox as? Hub))
            }
        }
    }

    /// As the lost node had it kept.
    private func record(_ seed: UInt64, route: String = "default", state: [String: String] = [:]) throws -> ConnectionRecord {
        var random = QuickRandom(seed: seed)
        let id = ConnectionID(node: Self.lostNode, shard: 0, slot: UInt32(seed), using: &random)
        let request = OpeningRequest(path: "/chat", query: "n=\(seed)", remoteAddress: "203.0.113.9", headers: [], protocols: [])
        let facts = ConnectionFacts(id: id, direction: .inbound, route: route, request: request, keeping: [])
        let patch = StatePatch(state.map { StatePatch.Change(key: $0.key, value: $0.value) })
        let record = SessionRecord(
            facts: facts, chosenProtocol: nil, state: ConnectionState().merging(patch), channels: [], trace: TraceContext(using: &random),
            isTrusted: false)
        return try #require(record.encoded)
    }

    private func counters(_ hub: Hub) async -> LostConnectionCounters { await hub.report().lostConnections }

    private func underWay(_ hub: Hub) async throws -> Int {
        var count = 0
        for handle in hub.shards { count += try await handle.loop.submit { handle.shard.value.lost.underWay }.get() }
        return count
    }

    @Test func anAppHearsFromAnotherNodeWhatTheLostOneWouldHaveSaid() async throws {
        let app = ClosingApp([
            "open": "{\"actions\":[{\"type\":\"setState\",\"state\":{\"user\":\"42\"}},{\"type\":\"subscribe\",\"channel\":\"room\"}]}"
        ])
        let (first, second) = (KeepingBroker(node: "web-1"), KeepingBroker(node: "web-2", others: ["web-1"]))
        let sign: @Sendable (inout GatewayConfiguration) -> Void = {
            $0.routes[0].secrets = [WebhookSecret("whsec_" + String(repeating: "QUFB", count: 8))].compactMap(\.self)
        }
        try await app.running { target in
            try await RunningGateway.running(target, broker: second, adjust: sign) { _ in
                try await RunningGateway.running(target, broker: first, adjust: sign) { gateway in
                    let probe = try await WebSocketProbe.connect(port: gateway.port, path: "/chat?a=1")
                    try await eventually("it is in") { probe.head != nil }
                    try await probe.send(text: "hello")
                    try await eventually("it is kept") { first.records.first?.channels.isEmpty == false && app.webhooks.count == 2 }
                    let message = try #require(app.webhooks.last)
                    second.inbox?.lost(Array(first.kept.values), of: first.node)
                    try await eventually("the app is told") { app.closings.count == 1 }
                    let closing = try #require(app.closings.first)
                    #expect(closing.json?["connection"]?.source == message.json?["connection"]?.source)
                    #expect(closing.event?["seq"]?.integer == SessionRecord.closingSeq)
                    #expect(closing.event?["code"]?.integer == 1006 && closing.event?["clean"]?.bool == false)
                    #expect(closing.event?["error"]?.string == "the gateway node web-1 was lost")
                    let token = try #require(first.kept.keys.first).token
                    #expect(closing.id == "msg_\(token)_9007199254740991-9007199254740991")
                    #expect(closing.traceparent?.prefix(35) == message.traceparent?.prefix(35), "it is in the connection's trace")
                    // Told again, by whomever, it is the same webhook.
                    second.inbox?.lost(Array(first.kept.values), of: first.node)
                    try await eventually("the app is told again") { app.closings.count == 2 }
                    #expect(Set(app.closings.map(\.id)).count == 1 && Set(app.closings.map(\.body)).count == 1)
                }
            }
        }
    }

    @Test func thousandsAreToldOnceEachAndFewAtATime() async throws {
        let app = ClosingApp()
        let count = 3000
        try await running(app, adjust: { $0.routes[0].webhook.concurrency = 32 }) { _, hub in
            let records = try (1...count).map { try record(UInt64($0)) }
            for start in stride(from: 0, to: count, by: 500) { hub.lost(Array(records[start..<start + 500]), of: Self.lostNode) }
            // A quarter of the places, over two loops.
            #expect(try await underWay(hub) <= 8)
            try await eventually("all are told", within: .seconds(60)) { await counters(hub)[.told] == count }
            #expect(await counters(hub).waiting == 0)
            #expect(try await underWay(hub) == 0)
        }
        #expect(app.closings.count == count && Set(app.closings.compactMap(\.connection)).count == count)
        #expect(app.mostUnderWay <= 8)
    }

    @Test func anAppThatIsAwayIsToldWhenItIsBack() async throws {
        let app = ClosingApp()
        app.answers("503 Service Unavailable")
        try await running(app, adjust: { $0.routes[0].webhook.concurrency = 8 }) { _, hub in
            let count = 50
            hub.lost(try (1...count).map { try record(UInt64($0)) }, of: Self.lostNode)
            try await eventually("some were tried twice") { app.closings.count >= 4 }
            #expect(try await underWay(hub) <= 2)
            #expect(await counters(hub).waiting == count)
            app.answers("200 OK")
            try await eventually("all are told", within: .seconds(20)) { await counters(hub)[.told] == count }
        }
    }

    @Test func whatCannotBeToldWithinTheBudgetIsCounted() async throws {
        let app = ClosingApp()
        app.answers("503 Service Unavailable")
        try await running(app, adjust: { $0.routes[0].webhook.closeBudget = .milliseconds(100) }) { _, hub in
            hub.lost([try record(1), try record(2)], of: Self.lostNode)
            try await eventually("they are given up") { await counters(hub)[.gaveUp] == 2 }
            #expect(await counters(hub).waiting == 0)
            #expect(await hub.report().routes["default"]?.webhookLost == 2)
        }
    }

    @Test func anAnswerThatIsNoUseCountsAsHeard() async throws {
        let app = ClosingApp(["close": "no JSON"])
        try await running(app) { _, hub in
            hub.lost([try record(1)], of: Self.lostNode)
            try await eventually("it counts as told") { await counters(hub)[.told] == 1 }
        }
        #expect(app.closings.count == 1)
    }

    @Test func whatTheAppAnswersIsDone() async throws {
        let answer =
            "{\"actions\":[{\"type\":\"send\",\"text\":\"to nobody\"},{\"type\":\"subscribe\",\"channel\":\"room\"},"
            + "{\"type\":\"publish\",\"channel\":\"room\",\"text\":\"42 has left\"}]}"
        let app = ClosingApp(["open": "{\"actions\":[{\"type\":\"subscribe\",\"channel\":\"room\"}]}", "close": answer])
        try await running(app) { gateway, hub in
            let probes = [try await WebSocketProbe.connect(port: gateway.port), try await WebSocketProbe.connect(port: gateway.port)]
            for probe in probes { try await eventually("a client is in") { probe.head != nil } }
            hub.lost([try record(1)], of: Self.lostNode)
            for probe in probes { try await eventually("everybody hears of it") { probe.texts == ["42 has left"] } }
            #expect(await hub.channels(after: nil, limit: 1000).map(\.subscribers) == [2])
        }
    }

    @Test func whatCannotBeToldHereIsCountedAndTheRestIsTold() async throws {
        let app = ClosingApp()
        try await running(app) { _, hub in
            let broken = ConnectionRecord(id: try record(3).id, bytes: ByteBuffer(bytes: [9, 9, 9]))
            var half = try record(4)
            half = ConnectionRecord(id: half.id, bytes: half.bytes.getSlice(at: 0, length: half.bytes.readableBytes - 1) ?? ByteBuffer())
            hub.lost([try record(1, route: "elsewhere"), broken, half, try record(2)], of: Self.lostNode)
            try await eventually("the good one is told") { await counters(hub)[.told] == 1 }
            try await eventually("the others are counted") { await counters(hub)[.unreadable] == 2 }
            let all = await counters(hub)
            #expect(all[.noRoute] == 1 && all.waiting == 0)
            var configuration = hub.configuration
            configuration.cluster.brokers = ["nats://host"]
            let page = MetricsPage.write(await hub.report(), configuration: configuration, certificates: [], broker: hub.broker, version: "1")
            #expect(page.contains("holdfast_lost_node_connections_total{outcome=\"told\"} 1\n"))
            #expect(page.contains("holdfast_lost_node_connections_total{outcome=\"unreadable\"} 2\n"))
            #expect(page.contains("holdfast_lost_node_connections_waiting 0\n"))
        }
        #expect(app.webhooks.count == 1)
    }

    @Test func aRouteThatDoesNotHearOfEndsIsNotTold() async throws {
        let app = ClosingApp()
        try await running(app, adjust: { $0.routes[0].events = [.open, .message] }) { _, hub in
            hub.lost([try record(1)], of: Self.lostNode)
            for handle in hub.shards { try await handle.loop.submit {}.get() }
            #expect(await counters(hub).waiting == 0)
        }
        #expect(app.webhooks.isEmpty)
    }

    @Test func whatDoesNotFitIsDropped() async throws {
        let app = ClosingApp()
        app.hold("close")
        try await running(app, adjust: { $0.routes[0].webhook.concurrency = 1 }) { _, hub in
            let large = try record(1, state: ["x": String(repeating: "x", count: 250 << 10)])
            // All of one loop: the hash of the id is the same.
            let count = LostConnections.mostBytes / 2 / large.bytes.readableBytes + 10
            hub.lost(Array(repeating: large, count: count), of: Self.lostNode)
            try await eventually("some have no room") { await counters(hub)[.noRoom] > 0 }
            let all = await counters(hub)
            #expect(all[.noRoom] <= 11 && all.waiting + all[.told] + all[.noRoom] == count)
            app.release()
            try await eventually("the rest is told", within: .seconds(30)) { await counters(hub).waiting == 0 }
        }
    }

    @Test func aShutdownWaitsForWhatIsLeftToTell() async throws {
        let app = ClosingApp()
        try await running(app, adjust: { $0.routes[0].webhook.concurrency = 8 }) { _, hub in
            hub.lost(try (1...40).map { try record(UInt64($0)) }, of: Self.lostNode)
        }
        #expect(app.closings.count == 40)
    }
}
