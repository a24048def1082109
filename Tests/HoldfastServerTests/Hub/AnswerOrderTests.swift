// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastTesting
import HoldfastWire
import Testing

/// Actions of one answer that concern connections on several event loops keep their order.
@Suite struct AnswerOrderTests {
    @Test func subscribingAnotherConnectionComesBeforeThePublicationBehindIt() async throws {
        // Each client's message asks to subscribe all others and then to publish: whoever is named must get it.
        let app = FakeApp { webhook in
            guard let text = webhook["events"]?.array?.first?["text"]?.string else { return "{}" }
            let others = text.split(separator: " ")
            let subscriptions = others.map { "{\"type\":\"subscribe\",\"channel\":\"c\",\"to\":\"\($0)\"}" }
            return "{\"actions\":[\((subscriptions + ["{\"type\":\"publish\",\"channel\":\"c\",\"text\":\"now\"}"]).joined(separator: ","))]}"
        }
        try await app.running { target in
            try await RunningGateway.running(target) { gateway in
                var probes: [WebSocketProbe] = []
                for _ in 0..<8 { probes.append(try await WebSocketProbe.connect(port: gateway.port)) }
                for probe in probes { try await eventually("a client is in") { probe.head != nil } }
                let ids = app.webhooks.compactMap { $0["connection"]?["id"]?.string }
                #expect(ids.count == 8)
                #expect(Set(ids.map { $0.split(separator: ".")[1] }).count == 2, "the clients are on both event loops")
                try await probes[0].send(text: ids.joined(separator: " "))
                for probe in probes { try await eventually("everybody has it") { probe.texts == ["now"] } }
            }
        }
    }
}
