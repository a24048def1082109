// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// A node that was taken for lost and is there after all: its apps have been told by another.
@Suite struct TakenOverTests {
    private func running(
        _ app: ClosingApp, adjust: @escaping @Sendable (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningGateway, Hub, KeepingBroker) async throws -> Void
    ) async throws {
        let broker = KeepingBroker()
        try await app.running { target in
            try await RunningGateway.running(target, broker: broker, adjust: adjust) { gateway in
                try await body(gateway, try #require(broker.inbox as? Hub), broker)
            }
        }
    }

    private func connect(_ gateway: RunningGateway) async throws -> WebSocketProbe {
        let probe = try await WebSocketProbe.connect(port: gateway.port)
        try await eventually("a client is in") { probe.head != nil }
        return probe
    }

    private func members(_ hub: Hub) async throws -> Int {
        var count = 0
        for handle in hub.shards { count += try await handle.loop.submit { handle.shard.value.memberCount }.get() }
        return count
    }

    @Test func thoseConnectionsEndAndTheirAppHearsNothing() async throws {
        let app = ClosingApp()
        try await running(app) { gateway, hub, broker in
            let gone = [try await connect(gateway), try await connect(gateway)]
            try await eventually("they are kept") { broker.kept.count == 2 }
            let ids = Array(broker.kept.keys)
            let stays = try await connect(gateway)
            try await eventually("all are kept") { broker.kept.count == 3 }
            let calls = broker.calls.count
            hub.buried(ids)
            for probe in gone {
                try await eventually("it is told to go") { probe.steps.contains(.close(.serviceRestart, reason: "taken over")) }
                try await eventually("it is gone") { probe.isClosed }
            }
            try await eventually("they are forgotten") { try await members(hub) == 1 }
            #expect(broker.calls.count == calls, "other nodes need not be told")
            #expect(await hub.records(after: nil, limit: 10).map(\.id) == broker.kept.keys.filter { !ids.contains($0) })
            try await stays.send(text: "still here")
            try await eventually("the other lives") { app.webhooks.last?.type == "message" }
            let closed = await hub.report().routes["default"]?.closed ?? [:]
            #expect(closed[.init(codeClass: "error", cause: .takenOver)] == 2)
            // Once more changes nothing, nor do ids that are no one's.
            hub.buried(ids + [try #require(ConnectionID("elsewhere.0.AAAAAAAAAAAAAAAAAAAAAA"))])
            #expect(try await members(hub) == 1)
        }
        #expect(app.closings.count == 1)
    }

    @Test func anEndThatIsStillToBeToldIsToldNoMore() async throws {
        let app = ClosingApp()
        try await running(app) { gateway, hub, broker in
            let probe = try await connect(gateway)
            try await eventually("it is kept") { broker.kept.count == 1 }
            app.answers("503 Service Unavailable")
            try await probe.drop()
            try await eventually("its app was told in vain") { app.closings.count == 1 }
            hub.buried(Array(broker.kept.keys))
            try await eventually("it is forgotten") { try await members(hub) == 0 }
            try await passed(.seconds(1), on: hub)
        }
        #expect(app.closings.count == 1)
    }

    @Test func whatIsOnItsWayToTheAppDoesNoHarm() async throws {
        let app = ClosingApp(["message": "{\"actions\":[{\"type\":\"send\",\"text\":\"too late\"}]}"])
        for status in ["200 OK", "503 Service Unavailable"] {
            try await running(app, adjust: { $0.drainSpread = .zero }) { gateway, hub, broker in
                app.answers("200 OK")
                let probe = try await connect(gateway)
                try await eventually("it is kept") { broker.kept.count == 1 }
                let before = app.webhooks.count
                app.answers(status)
                app.hold("message")
                try await probe.send(text: "x")
                try await probe.send(text: "y")
                try await eventually("a message is on its way") { app.webhooks.count == before + 1 }
                hub.buried(Array(broker.kept.keys))
                try await eventually("it is gone") { probe.isClosed }
                try await eventually("it is forgotten") { try await members(hub) == 0 }
                // Its slot is another's now: the answer that comes is not for that one.
                app.answers("200 OK")
                let next = try await connect(gateway)
                app.answers(status)
                app.release()
                try await passed(.milliseconds(300), on: hub)
                app.answers("200 OK")
                #expect(try await members(hub) == 1 && next.texts.isEmpty && !next.isClosed)
            }
        }
        #expect(app.closings.count == 2, "those of the two that came next, at the shutdown")
    }
}
