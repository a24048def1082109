// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import Testing

@testable import HoldfastServer

/// What is kept of connections that the gateway has dialled.
@Suite struct OutboundRecordTests {
    private func running(
        _ app: ClosingApp, _ broker: KeepingBroker,
        _ body: @escaping @Sendable (_ gateway: RunningGateway, _ remote: RunningGateway) async throws -> Void
    ) async throws {
        try await FakeApp().running { other in
            try await RunningGateway.running(other) { remote in
                try await app.running { target in
                    try await RunningGateway.running(target, broker: broker, adjust: { $0.routes[0].dial.denyPrivate = false }) { gateway in
                        try await body(gateway, remote)
                    }
                }
            }
        }
    }

    private func dial(_ gateway: RunningGateway, port: Int) async throws {
        let body = "{\"url\":\"ws://127.0.0.1:\(port)/feed\",\"state\":{\"feed\":\"a\"},\"reconnect\":true}"
        let answer = try await HTTP.request("POST", port: gateway.control, "/v1/dial", contentType: "application/json", body: body)
        #expect(answer.status == 202)
    }

    @Test func theAppIsToldOfOneWhoseRemoteNeverAccepted() async throws {
        let broker = KeepingBroker()
        try await running(ClosingApp(), broker) { gateway, _ in
            // Nobody listens on the discard port of a test's machine.
            try await dial(gateway, port: 9)
            try await eventually("it is kept") { broker.records.first?.facts.direction == .outbound }
            let record = try #require(broker.records.first)
            #expect(record.facts.path == "/feed" && record.state["feed"] == "a")
        }
        #expect(broker.kept.isEmpty)
    }

    @Test func whatFollowsOneThatWasTakenOverIsKeptOnceItIsOpen() async throws {
        let app = ClosingApp()
        let broker = KeepingBroker()
        try await running(app, broker) { gateway, remote in
            try await dial(gateway, port: remote.port)
            try await eventually("it is open, and kept") { app.webhooks.count == 1 && broker.kept.count == 1 }
            let first = try #require(broker.kept.keys.first)
            broker.inbox?.buried([first])
            try await eventually("another one is open", within: .seconds(20)) { app.webhooks.count == 2 }
            #expect(app.webhooks.map(\.type) == ["open", "open"], "of the end it was told by another node")
            try await eventually("that one is kept too") { broker.kept.keys.contains { $0 != first } }
        }
        #expect(app.closings.count == 1)
    }
}
