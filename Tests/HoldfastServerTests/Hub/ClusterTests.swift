// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// Two nodes in one process around one exchange: the shape that brokers between machines have.
@Suite struct ClusterTests {
    private static let subscribing = "{\"actions\":[{\"type\":\"subscribe\",\"channel\":\"room\"}]}"

    @Test func publicationReachesSubscribersOnAnotherNodeOnce() async throws {
        try await withTwoNodes { left, right in
            let probe = try await WebSocketProbe.connect(port: left.port)
            try await eventually("the client is in") { probe.head != nil }
            try await post(right, "/v1/channels/room/messages", "hello")
            try await eventually("the message comes") { !probe.texts.isEmpty }
            try await post(left, "/v1/channels/room/messages", "end")
            try await eventually("the end comes") { probe.texts.last == "end" }
            #expect(probe.texts == ["hello", "end"])
        }
    }

    @Test func actionsFindAConnectionOnAnotherNode() async throws {
        try await withTwoNodes { left, right in
            let probe = try await WebSocketProbe.connect(port: left.port)
            try await eventually("the client is in") { probe.head != nil }
            let list = try JSONReader.parse(ByteBuffer(bytes: try await get(left, "/v1/connections")))
            let id = try #require(list["connections"]?.array?.first?["id"]?.string)
            #expect(id.hasPrefix("left."))
            #expect(try await post(right, "/v1/connections/\(id)/messages", "to you") == 202)
            try await eventually("the message comes") { probe.texts == ["to you"] }
            #expect(try await post(right, "/v1/connections/\(id.replacing("left", with: "gone"))/messages", "x") == 404)
        }
    }

    /// Each client's message is published under its text as id, by the answer.
    @Test func anIDInTheAnswersOnTwoNodesIsGivenOutOnce() async throws {
        let app = FakeApp { webhook in
            guard let text = webhook["events"]?.array?.first?["text"]?.string else { return Self.subscribing }
            return "{\"actions\":[{\"type\":\"publish\",\"channel\":\"room\",\"text\":\"\(text)\",\"id\":\"\(text)\"}]}"
        }
        try await withTwoNodes(app) { left, right in
            let probes = [try await WebSocketProbe.connect(port: left.port), try await WebSocketProbe.connect(port: right.port)]
            for probe in probes { try await eventually("the client is in") { probe.head != nil } }
            try await probes[0].send(text: "1")
            for probe in probes { try await eventually("it comes") { probe.texts == ["1"] } }
            try await probes[1].send(text: "1")
            try await probes[1].send(text: "2")
            for probe in probes { try await eventually("the next comes") { probe.texts.last == "2" } }
            try await probes[0].send(text: "2")
            try await probes[0].send(text: "end")
            for probe in probes {
                try await eventually("the end comes") { probe.texts.last == "end" }
                #expect(probe.texts == ["1", "2", "end"])
            }
        }
    }

    @Test func twoNodesOfOneNameCannotMeet() async throws {
        let exchange = MemoryBroker.Exchange()
        let name = try #require(NodeName("same"))
        try await FakeApp().running { target in
            try await RunningGateway.running(target, broker: MemoryBroker(node: name, exchange: exchange)) { _ in
                await #expect(throws: GatewayError.self) {
                    try await RunningGateway.running(target, broker: MemoryBroker(node: name, exchange: exchange)) { _ in }
                }
            }
        }
    }

    @Test func brokerHearsOfInterestOnceWhateverTheNumberOfLoops() async throws {
        let broker = RecordingBroker()
        try await FakeApp { _ in Self.subscribing }.running { target in
            try await RunningGateway.running(target, broker: broker) { gateway in
                var probes: [WebSocketProbe] = []
                for _ in 0..<4 { probes.append(try await WebSocketProbe.connect(port: gateway.port)) }
                for probe in probes { try await eventually("a client is in") { probe.head != nil } }
                for probe in probes { try await probe.drop() }
                let room = try #require(ChannelName("room"))
                try await eventually("interest ends") { broker.notes.contains(.ended(room)) }
                #expect(broker.notes.filter { $0 == .began(room) }.count == 1)
                #expect(broker.notes.filter { $0 == .ended(room) }.count == 1)
            }
        }
        #expect(broker.notes.first == .joined)
        #expect(broker.notes.last == .left)
    }

    // MARK: Helpers

    private func withTwoNodes(
        _ app: FakeApp = FakeApp { _ in Self.subscribing }, _ body: @escaping @Sendable (RunningGateway, RunningGateway) async throws -> Void
    ) async throws {
        let exchange = MemoryBroker.Exchange()
        let left = try #require(NodeName("left"))
        let right = try #require(NodeName("right"))
        try await app.running { target in
            try await RunningGateway.running(target, broker: MemoryBroker(node: left, exchange: exchange)) { left in
                try await RunningGateway.running(target, broker: MemoryBroker(node: right, exchange: exchange)) { right in
                    try await body(left, right)
                }
            }
        }
    }

    @discardableResult
    private func post(_ gateway: RunningGateway, _ path: String, _ body: String) async throws -> Int {
        try await HTTP.request("POST", port: gateway.control, path, body: body).status
    }

    private func get(_ gateway: RunningGateway, _ path: String) async throws -> [UInt8] {
        try await HTTP.request("GET", port: gateway.control, path).body
    }
}
