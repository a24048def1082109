// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

/// Whatever way a message takes to its client — straight to the socket, joined with others, held back to the turn's end, through the channel — it
/// comes once, and in the order of the requests.
@Suite struct SendingOrderTests {
    private static let clients = 6
    private static let channels = ["a", "b"]

    /// What a request asks for, and who gets it.
    private struct Order {
        let action: String
        let receivers: Set<Int>
        let text: String
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64], [1, 2])
    func messagesComeOnceAndInOrder(seed: UInt64, threads: Int) async throws {
        let subscribing = "{\"actions\":[\(Self.channels.map { "{\"type\":\"subscribe\",\"channel\":\"\($0)\"}" }.joined(separator: ","))]}"
        let app = FakeApp { _ in subscribing }
        try await app.running { target in
            let adjust = { (configuration: inout GatewayConfiguration) in
                configuration.threads = threads
                configuration.routes[0].webhook.maxAnswerBytes = 64 << 20
                configuration.routes[0].limits.sendQueueBytes = 64 << 20
            }
            try await RunningGateway.running(target, adjust: adjust) { gateway in
                var probes: [WebSocketProbe] = []
                var ids: [String] = []
                for count in 1...Self.clients {
                    let probe = try await WebSocketProbe.connect(port: gateway.port)
                    try await eventually("a client is in") { probe.head != nil && app.webhooks.count == count }
                    probes.append(probe)
                    ids.append(try #require(app.webhooks.last?["connection"]?["id"]?.string))
                }
                var generator = QuickRandom(seed: seed)
                var expected = [[String]](repeating: [], count: Self.clients)
                for request in 0..<30 {
                    let orders = (0..<Int.random(in: 1...20, using: &generator)).map {
                        Self.order(named: "\(request).\($0) ", ids, &generator)
                    }
                    for order in orders { for place in order.receivers { expected[place].append(order.text) } }
                    let body = "{\"actions\":[\(orders.map(\.action).joined(separator: ","))]}"
                    let answer = try await HTTP.request(
                        "POST", port: gateway.control, "/v1/actions", contentType: "application/json", body: body)
                    let results = try JSONReader.parse(ByteBuffer(bytes: answer.body))["results"]?.array ?? []
                    #expect(results.map { $0["delivered"]?.integer } == orders.map(\.receivers.count))
                }
                for (probe, texts) in zip(probes, expected) {
                    try await eventually("all has come") { probe.texts.count >= texts.count }
                    #expect(probe.texts == texts)
                }
            }
        }
    }

    private static func order(named name: String, _ ids: [String], _ generator: inout QuickRandom) -> Order {
        // Mostly short, at times so long that no socket takes it at once.
        let length = [10, 10, 10, 200, 20_000, 700_000][Int.random(in: 0..<6, using: &generator)]
        let text = name + String(repeating: "x", count: Int.random(in: 0...20, using: &generator) == 0 ? length : min(length, 200))
        let all = Set(ids.indices)
        let channel = channels[Int.random(in: 0..<3, using: &generator) / 2]
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            let place = Int.random(in: ids.indices, using: &generator)
            return Order(action: "{\"type\":\"send\",\"text\":\"\(text)\",\"to\":\"\(ids[place])\"}", receivers: [place], text: text)
        case 1:
            let place = Int.random(in: ids.indices, using: &generator)
            return Order(
                action: "{\"type\":\"publish\",\"channel\":\"\(channel)\",\"text\":\"\(text)\",\"except\":[\"\(ids[place])\"]}",
                receivers: all.subtracting([place]), text: text)
        default:
            return Order(action: "{\"type\":\"publish\",\"channel\":\"\(channel)\",\"text\":\"\(text)\"}", receivers: all, text: text)
        }
    }
}
