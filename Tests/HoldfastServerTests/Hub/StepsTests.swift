// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// Control requests that wait, for connections here and on another node.
@Suite struct StepsTests {
    @Test func connectionOfAnotherNodeIsFound() async throws {
        try await withTwoNodes { left, right in
            let probe = try await WebSocketProbe.connect(port: left.port)
            try await eventually("the client is in") { probe.head != nil }
            let list = try JSONReader.parse(ByteBuffer(bytes: try await HTTP.request("GET", port: left.control, "/v1/connections").body))
            let id = try #require(list["connections"]?.array?.first?["id"]?.string)
            for gateway in [left, right] {
                let results = try await control(gateway, [poll(id, 9_000), text(id)])
                #expect(results == ["ok", "ok"])
            }
            try await eventually("both messages come") { probe.texts == ["x", "x"] }
        }
    }

    /// Here, on the other node, on none, and at places where no connection can be.
    @Test(arguments: ["left.0.AAAAAAAAAAAAAAAAAAAAAA", "right.0.AAAAAAAAAAAAAAAAAAAAAA", "left.99.AAAAAAAAAAAAAAAAAAAAAA", "not ours"])
    func whoIsNotThereIsNotWaitedFor(_ id: String) async throws {
        try await withTwoNodes { left, _ in
            let began = ContinuousClock.now
            let results = try await control(left, [poll(id, 9_000), text(id), poll(id, 9_000)])
            #expect(results == ["notFound", "notFound", "notFound"])
            #expect(ContinuousClock.now - began < .seconds(8))
        }
    }

    // MARK: Helpers

    private func poll(_ id: String, _ timeout: Int) -> String {
        #"{"type":"POLL_FOR_CONNECTION","connectionId":"\#(id)","timeout":\#(timeout)}"#
    }

    private func text(_ id: String) -> String { #"{"type":"TEXT","connectionId":"\#(id)","data":"x"}"# }

    /// What became of each event.
    private func control(_ gateway: RunningGateway, _ events: [String]) async throws -> [String] {
        let body = "{\"events\":[\(events.joined(separator: ","))]}"
        let (status, answer) = try await HTTP.request(
            "POST", port: gateway.control, "/", contentType: "application/websocket-events", body: body)
        #expect(status == 200)
        return try JSONReader.parse(ByteBuffer(bytes: answer))["results"]?.array?.compactMap { $0["status"]?.string } ?? []
    }

    private func withTwoNodes(_ body: @escaping @Sendable (RunningGateway, RunningGateway) async throws -> Void) async throws {
        let exchange = MemoryBroker.Exchange()
        let left = try #require(NodeName("left"))
        let right = try #require(NodeName("right"))
        let app = FakeApp { webhook in
            #"{"events":[{"type":"ACCEPT","connectionId":"\#(webhook["connectionId"]?.string ?? "")"}]}"#
        }
        let speakSlip: @Sendable (inout GatewayConfiguration) -> Void = { $0.routes[0].dialect = .slip }
        try await app.running { target in
            try await RunningGateway.running(target, broker: MemoryBroker(node: left, exchange: exchange), adjust: speakSlip) { left in
                try await RunningGateway.running(target, broker: MemoryBroker(node: right, exchange: exchange), adjust: speakSlip) { right in
                    try await body(left, right)
                }
            }
        }
    }
}
