// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastApp

/// Against a real gateway in this process, with real clients.
@Suite struct ControlTests {
    /// A gateway whose app says yes to all, and some clients in the channel `room/7`.
    private static func withClients(
        _ count: Int, _ body: @escaping @Sendable (Control, [String], [WebSocketProbe]) async throws -> Void
    ) async throws {
        let app = FakeApp { _ in #"{"actions":[{"type":"subscribe","channel":"room/7"}]}"# }
        try await app.running { url in
            try await RunningGateway.running(url) { gateway in
                let control = try Control(url: "http://127.0.0.1:\(gateway.control)/")
                var probes: [WebSocketProbe] = []
                var ids: [String] = []
                for index in 0..<count {
                    probes.append(try await WebSocketProbe.connect(port: gateway.port))
                    try await eventually("the client is in") { try await control.channel("room/7").subscribers == index + 1 }
                    for try await id in control.subscribers("room/7") where !ids.contains(id) { ids.append(id) }
                }
                try await body(control, ids, probes)
            }
        }
    }

    @Test func publishes() async throws {
        try await Self.withClients(2) { control, ids, probes in
            #expect(try await control.publish("héllo", channel: "room/7") == PublishResult(delivered: 2, isDuplicate: false))
            #expect(try await control.publish("one", channel: "room/7", except: [ids[0]], id: "7") == PublishResult(delivered: 1, isDuplicate: false))
            #expect(try await control.publish("two", channel: "room/7", id: "7") == PublishResult(delivered: 0, isDuplicate: true))
            #expect(try await control.publish(.binary([0, 1]), channel: "nobody") == PublishResult(delivered: 0, isDuplicate: false))
            try await eventually("both have got theirs") { probes[0].texts == ["héllo"] && probes[1].texts == ["héllo", "one"] }
        }
    }

    @Test func oneConnection() async throws {
        try await Self.withClients(1) { control, ids, probes in
            let id = ids[0]
            try await control.send(.json(["n": 1]), to: id)
            try await control.subscribe("b", to: id)
            try await control.unsubscribe("room/7", to: id)
            try await control.setState(["user": "42", "gone": nil], to: id)
            let connection = try await control.connection(id)
            #expect(connection.state == ["user": "42"])
            #expect(connection.channels == ["b"])
            #expect(connection.dialect == "json")
            #expect(connection.direction == "inbound")
            #expect(connection.path == "/")
            try await eventually("the message is there") { probes[0].texts == [#"{"n":1}"#] }
            try await control.close(code: 4001, reason: "bye", to: id)
            try await eventually("it is closed") { probes[0].isClosed }
            #expect(probes[0].steps.last == .close(CloseCode(4001), reason: "bye"))
            try await eventually("it is gone") { (try? await control.connection(id)) == nil }

            let error = await #expect(throws: ControlError.self) { try await control.send("x", to: id) }
            #expect(error?.code == .notFound)
            #expect(error?.status == 404)
            let other = await #expect(throws: ControlError.self) { try await control.connection(id) }
            #expect(other?.code == .notFound)
            #expect(other?.status == 404)
            #expect(other?.detail.contains(id) == true)
        }
    }

    @Test func lists() async throws {
        try await Self.withClients(3) { control, ids, probes in
            try await control.subscribe("zoo", to: ids[0])
            var channels: [ChannelSummary] = []
            for try await channel in control.channels() { channels.append(channel) }
            #expect(channels.map(\.name) == ["room/7", "zoo"])
            #expect(channels.map(\.subscribers) == [3, 1])
            #expect(try await control.channel("nobody").subscribers == 0)
            var inZoo: [String] = []
            for try await connection in control.connections(route: "default", channel: "zoo") { inZoo.append(connection.id) }
            #expect(inZoo == [ids[0]])
            for try await _ in control.connections(route: "none") { Issue.record("a connection of a route that does not exist") }
            #expect(try await control.closeChannel("room/7", code: 4000) == 3)
            try await eventually("all are closed") { probes.allSatisfy(\.isClosed) }
        }
    }

    @Test func listOfActions() async throws {
        try await Self.withClients(1) { control, ids, probes in
            var actions = Actions()
            try actions.subscribe("b", to: ids[0])
            try actions.setState(["k": "v"], to: ids[0])
            try actions.send("hi", to: ids[0])
            try actions.publish("all", channel: "room/7", id: "1")
            try actions.publish("all", channel: "room/7", id: "1")
            try actions.setState(["k": String(repeating: "x", count: 5000)], to: ids[0])
            let results = try await control.perform(actions)
            #expect(results.map(\.status) == [.ok, .ok, .ok, .ok, .duplicate, .refused])
            #expect(results.last?.detail != nil)
            let error = await #expect(throws: ControlError.self) {
                try await control.setState(["k": String(repeating: "x", count: 5000)], to: ids[0])
            }
            #expect(error?.code == .limit)
            #expect(error?.status == 409)
            try await eventually("two messages") { probes[0].texts == ["hi", "all"] }
        }
    }

    @Test func whatTheGatewayDoesNotTake() async throws {
        try await Self.withClients(0) { control, _, _ in
            var actions = Actions()
            try actions.send("x", to: "nobody's id")
            let bad = await #expect(throws: ControlError.self) { try await control.perform(actions) }
            #expect(bad?.code == .badRequest)
            #expect(bad?.status == 400)
            #expect(bad?.title == "Bad Request")
            #expect(bad?.detail.hasPrefix("actions[0].to: ") == true)
            let large = await #expect(throws: ControlError.self) {
                try await control.publish(.text(String(repeating: "x", count: 5 << 20)), channel: "a")
            }
            #expect(large?.code == .tooLarge)
            // Found before it is sent: no status.
            let early = await #expect(throws: ControlError.self) { try await control.publish("x", channel: "") }
            #expect(early == ControlError(.badRequest, detail: "channel: expected 1 to 256 bytes, found 0"))
        }
    }

    @Test func tokens() async throws {
        let app = FakeApp()
        try await app.running { url in
            try await RunningGateway.running(url, adjust: { $0.controlToken = "right" }) { gateway in
                let address = "http://127.0.0.1:\(gateway.control)"
                let known = try Control(url: address, token: "right")
                #expect(try await known.channel("a").subscribers == 0)
                for token in ["wrong", nil] {
                    let error = await #expect(throws: ControlError.self) { try await Control(url: address, token: token).channel("a") }
                    #expect(error?.code == .unauthorized)
                    #expect(error?.status == 401)
                    #expect(error?.title == "Unauthorized")
                }
            }
        }
    }
}
