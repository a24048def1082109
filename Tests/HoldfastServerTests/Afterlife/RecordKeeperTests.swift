// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import Testing

@testable import HoldfastServer

/// What a gateway has another node keep of its connections.
@Suite struct RecordKeeperTests {
    private static let setUp = "{\"actions\":[{\"type\":\"setState\",\"state\":{\"user\":\"42\"}},{\"type\":\"subscribe\",\"channel\":\"room\"}]}"

    private func running(
        _ app: ClosingApp, _ broker: any Broker, adjust: @escaping @Sendable (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        try await app.running { target in try await RunningGateway.running(target, broker: broker, adjust: adjust, body) }
    }

    private func connect(_ gateway: RunningGateway, _ count: Int = 1) async throws -> [WebSocketProbe] {
        var probes: [WebSocketProbe] = []
        for _ in 0..<count { probes.append(try await WebSocketProbe.connect(port: gateway.port)) }
        for probe in probes { try await eventually("a client is in") { probe.head != nil } }
        return probes
    }

    @Test func aConnectionIsKeptAsItsAppKnowsIt() async throws {
        let app = ClosingApp(["open": Self.setUp])
        let broker = KeepingBroker()
        try await running(app, broker) { gateway in
            _ = try await connect(gateway)
            try await eventually("it is kept") { broker.records.first?.channels.isEmpty == false }
            let record = try #require(broker.records.first)
            #expect(record.facts.id.node == broker.node && record.facts.route == "default" && record.facts.direction == .inbound)
            #expect(record.facts.remoteAddress == "127.0.0.1" && record.facts.path == "/")
            #expect(record.state["user"] == "42" && record.channels.map(\.description) == ["room"])
            #expect(broker.calls.count == 1, "all that the answer did is in one record")
        }
        #expect(broker.kept.isEmpty, "the end of each was told at the shutdown")
    }

    @Test func whateverABusyConnectionDoesItIsSentOnceATick() async throws {
        let app = ClosingApp(["message": "{\"actions\":[{\"type\":\"setState\",\"state\":{\"n\":\"x\"}},{\"type\":\"subscribe\",\"channel\":\"a\"}]}"]
        )
        let broker = KeepingBroker()
        try await running(app, broker) { gateway in
            let probe = try await connect(gateway)[0]
            let start = ContinuousClock.now
            for number in 0..<300 { try await probe.send(text: "\(number)") }
            try await eventually("all came") { app.webhooks.compactMap { $0.json?["events"]?.array?.count }.reduce(0, +) == 301 }
            try await eventually("it is kept") { broker.records.first?.state["n"] == "x" }
            let ticks = (ContinuousClock.now - start) / .milliseconds(100)
            #expect(Double(broker.calls.count) <= ticks + 2)
            #expect(broker.calls.allSatisfy { $0.count == 1 })
        }
    }

    @Test func itIsKeptUntilItsAppHasBeenToldOfTheEnd() async throws {
        let app = ClosingApp()
        let broker = KeepingBroker()
        try await running(app, broker) { gateway in
            let probe = try await connect(gateway)[0]
            try await eventually("it is kept") { broker.kept.count == 1 }
            app.answers("503 Service Unavailable")
            try await probe.drop()
            try await eventually("its app was told in vain twice") { app.closings.count >= 2 }
            #expect(broker.kept.count == 1)
            app.answers("200 OK")
            try await eventually("it is kept no more") { broker.kept.isEmpty }
        }
    }

    @Test func whoIsRefusedIsNotKept() async throws {
        let app = ClosingApp(["open": "{\"actions\":[{\"type\":\"reject\",\"status\":401}]}"])
        let broker = KeepingBroker()
        try await running(app, broker) { gateway in
            let probe = try await connect(gateway)[0]
            #expect(probe.head?.contains("401") == true)
            try await passed(.milliseconds(250), on: try #require(broker.inbox as? Hub))
        }
        #expect(broker.calls.isEmpty)
    }

    @Test func whoMayBelieveInAClientThatWasNeverInIsKeptUntilItIsTold() async throws {
        let app = ClosingApp(["open": "this is no answer"])
        let broker = KeepingBroker()
        try await running(app, broker) { gateway in
            let probe = try await WebSocketProbe.connect(port: gateway.port)
            try await eventually("it is refused") { probe.head?.contains("502") == true }
            try await eventually("its app is told") { app.closings.count == 1 }
        }
        #expect(broker.kept.isEmpty)
    }

    @Test func nothingIsSentWhereNobodyKeepsIt() async throws {
        let alone = KeepingBroker(others: [])
        let none = KeepingBroker()
        let deaf = KeepingBroker()
        let cases: [(KeepingBroker, @Sendable (inout GatewayConfiguration) -> Void)] = [
            (alone, { _ in }), (none, { $0.cluster.closingEvents = .none }), (deaf, { $0.routes[0].events = [.open, .message] }),
        ]
        for (broker, adjust) in cases {
            let app = ClosingApp(["open": Self.setUp, "message": Self.setUp])
            try await running(app, broker, adjust: adjust) { gateway in
                let probe = try await connect(gateway)[0]
                try await probe.send(text: "x")
                try await eventually("it is dealt with") { app.webhooks.count == 2 }
                try await passed(.milliseconds(250), on: try #require(broker.inbox as? Hub))
            }
            #expect(broker.calls.isEmpty)
        }
    }

    @Test func aNodeThatStandsAloneNotesNothing() async throws {
        let broker = MemoryBroker(node: .standalone)
        let hub = try await Hub(configuration: GatewayConfiguration(), broker: broker, loops: []) { _, _ in preconditionFailure("no loops") }
        #expect(!hub.keepsRecords)
    }

    @Test func whoJoinsLaterGetsAllRecordsInPagesInTheOrderOfTheConnections() async throws {
        let app = ClosingApp(["open": Self.setUp])
        let broker = KeepingBroker(others: [])
        try await running(app, broker) { gateway in
            _ = try await connect(gateway, 9)
            let hub = try #require(broker.inbox as? Hub)
            var ids: [ConnectionID] = []
            while true {
                let page = await hub.records(after: ids.last, limit: 2)
                #expect(page.count <= 2)
                #expect(page.allSatisfy { SessionRecord($0)?.state["user"] == "42" })
                ids += page.map(\.id)
                if page.count < 2 { break }
            }
            #expect(ids == (await hub.connections(after: nil, limit: 100)).map(\.session.facts.id))
            #expect(ids.count == 9 && Set(ids.map(\.shard)).count == 2)
            #expect(await hub.records(after: nil, limit: 0).isEmpty)
            #expect(await hub.records(after: nil, limit: 100).map(\.id) == ids)
        }
        #expect(broker.calls.isEmpty)
    }

    @Test func anEndThatIsStillToBeToldIsInThePages() async throws {
        let app = ClosingApp()
        let broker = KeepingBroker()
        try await running(app, broker) { gateway in
            let probe = try await connect(gateway)[0]
            app.answers("503 Service Unavailable")
            try await probe.drop()
            try await eventually("its app was told in vain") { app.closings.count == 1 }
            let hub = try #require(broker.inbox as? Hub)
            #expect(await hub.connections(after: nil, limit: 10).isEmpty)
            #expect(await hub.records(after: nil, limit: 10).count == 1)
            app.answers("200 OK")
            try await eventually("it is told") { await hub.records(after: nil, limit: 10).isEmpty }
        }
    }
}
