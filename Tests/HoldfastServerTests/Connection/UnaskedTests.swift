// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// What a dialect answers without the app, in its place among what the app is asked about.
@Suite struct UnaskedTests {
    private func running(
        app: FakeApp = FakeApp(), asked: Bool = true, acks: Bool = true,
        _ body: @escaping @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        try await app.running { target in
            try await RunningGateway.running(
                target,
                adjust: {
                    $0.routes[0].dialect = .wsify
                    $0.routes[0].wsify.acks = acks
                    if !asked { $0.routes[0].target = nil }
                }, body)
        }
    }

    private func command(_ word: String, _ channel: String, content: Int? = nil) -> String {
        "{\"command\":\"\(word)\",\"args\":{\"channel\":\"\(channel)\"" + (content.map { ",\"content\":\($0)" } ?? "") + "}}"
    }

    @Test func anUnaskedEventWaitsForTheAskedOneInFrontOfIt() async throws {
        let app = FakeApp()
        try await running(app: app) { gateway in
            let probe = try await WebSocketProbe.connect(port: gateway.port)
            for frame in [command("join", "a"), "nonsense", command("join", "b"), "{}", "[]", command("leave", "a")] {
                try await probe.send(text: frame)
            }
            try await eventually("all are answered") { probe.texts.count == 6 }
            #expect(probe.texts.map { $0.hasPrefix("{\"ack\"") } == [true, false, true, false, false, true])
            let words = app.webhooks.compactMap { $0["command"]?.string }
            #expect(words == ["connect", "join", "join", "leave"])
        }
    }

    @Test func aFloodOfUnaskedEventsIsDoneInOrderAndLeavesOthersTheirTurn() async throws {
        try await running { gateway in
            let flooding = try await WebSocketProbe.connect(port: gateway.port)
            let other = try await WebSocketProbe.connect(port: gateway.port)
            let count = 5000
            var frames = ByteBuffer()
            for number in 0..<count {
                let text = "[\(number)]"
                frames.writeMultipleIntegers(UInt8(0x81), UInt8(0x80 | text.utf8.count), UInt32(0))
                frames.writeString(text)
            }
            try await flooding.send(raw: frames)
            try await other.send(text: command("join", "x"))
            try await eventually("the other is answered") { other.texts.count == 1 }
            try await eventually("all are answered") { flooding.texts.count == count }
        }
    }

    @Test func whereNobodyIsAskedEverythingIsDoneInOrder() async throws {
        let app = FakeApp()
        try await running(app: app, asked: false, acks: false) { gateway in
            let probe = try await WebSocketProbe.connect(port: gateway.port)
            let reader = try await WebSocketProbe.connect(port: gateway.port)
            try await reader.send(text: command("join", "c"))
            try await eventually("it has joined") {
                try await HTTP.request("GET", port: gateway.control, "/v1/channels/c").status == 200
            }
            for number in 0..<500 { try await probe.send(text: command("broadcast", "c", content: number)) }
            try await eventually("all came") { reader.texts.count == 500 }
            #expect(reader.texts == (0..<500).map(String.init))
            #expect(probe.texts.isEmpty)
            #expect(app.webhooks.isEmpty)
            try await probe.drop()
            try await reader.drop()
            try await eventually("both are forgotten") {
                String(decoding: try await HTTP.request("GET", port: gateway.control, "/metrics").body, as: UTF8.self)
                    .contains("holdfast_connections{route=\"default\",dialect=\"wsify\",direction=\"inbound\"} 0\n")
            }
        }
    }

    /// The events of a client that is gone are done like any others, and none of them stands in the way of its end.
    @Test func eventsOfAClientThatHasLeftAreStillDone() async throws {
        try await running(acks: true) { gateway in
            let reader = try await WebSocketProbe.connect(port: gateway.port)
            try await reader.send(text: command("join", "c"))
            try await eventually("it has joined") { reader.texts.count == 1 }
            let probe = try await WebSocketProbe.connect(port: gateway.port)
            for number in 0..<20 {
                try await probe.send(text: command("broadcast", "c", content: number))
                try await probe.send(text: "nonsense")
            }
            try await probe.drop()
            try await eventually("all came") { reader.texts.count == 21 }
            #expect(reader.texts.dropFirst() == (0..<20).map(String.init)[...])
            try await eventually("one is left") {
                String(decoding: try await HTTP.request("GET", port: gateway.control, "/metrics").body, as: UTF8.self)
                    .contains("holdfast_connections{route=\"default\",dialect=\"wsify\",direction=\"inbound\"} 1\n")
            }
        }
    }

    /// A full queue of events that nobody is asked about is worked off, and the socket read again.
    @Test func aFullQueueIsRelieved() async throws {
        try await FakeApp().running { target in
            try await RunningGateway.running(
                target,
                adjust: {
                    $0.routes[0].dialect = .wsify
                    $0.routes[0].wsify.acks = true
                    $0.routes[0].limits.queueEvents = 2
                },
                { gateway in
                    let probe = try await WebSocketProbe.connect(port: gateway.port)
                    for number in 0..<300 { try await probe.send(text: number % 10 == 0 ? command("join", "\(number)") : "x") }
                    try await eventually("all are answered") { probe.texts.count == 300 }
                    for (number, text) in probe.texts.enumerated() {
                        #expect(text.hasPrefix(number % 10 == 0 ? "{\"ack\"" : "{\"error\""), "\(number): \(text)")
                    }
                })
        }
    }
}
