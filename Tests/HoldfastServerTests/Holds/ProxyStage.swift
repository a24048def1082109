// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import Testing

@testable import HoldfastServer

/// Everything that a test of a proxying route needs: an app, and a gateway in front of it.
struct ProxyStage: Sendable {
    let app: ScriptedApp
    let gateway: RunningGateway

    var port: Int { gateway.port }

    /// - Parameters:
    ///   - adjust: last changes to the route.
    ///   - target: what comes behind the app's address.
    static func running<Value: Sendable>(
        _ app: ScriptedApp, target: String = "", broker: (any Broker)? = nil,
        adjust: @escaping @Sendable (inout RouteConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (ProxyStage) async throws -> Value
    ) async throws -> Value {
        try await app.running { url in
            try await RunningGateway.running(url + target, broker: broker, adjust: { Self.adjust(&$0, adjust) }) { gateway in
                try await body(ProxyStage(app: app, gateway: gateway))
            }
        }
    }

    static func adjust(_ configuration: inout GatewayConfiguration, _ adjust: (inout RouteConfiguration) -> Void) {
        configuration.drainDeadline = .seconds(5)
        configuration.routes[0].dialect = .grip
        adjust(&configuration.routes[0])
    }

    /// The value of a metric with these labels; `nil` when the page has no such line.
    func metric(_ line: String) async throws -> Int? {
        let page = String(decoding: try await HTTP.request("GET", port: gateway.control, "/metrics").body, as: UTF8.self)
        let value = page.split(separator: "\n").first { $0.hasPrefix(line + " ") }?.split(separator: " ").last
        return value.flatMap { Double($0) }.map { Int($0) }
    }

    /// How many requests have ended so.
    func ended(_ outcome: ProxyOutcome) async throws -> Int {
        try await metric("holdfast_proxied_requests_total{route=\"default\",outcome=\"\(outcome.rawValue)\"}") ?? -1
    }

    /// How many requests are held.
    func held() async throws -> Int { try await metric("holdfast_held_requests{route=\"default\"}") ?? -1 }

    /// Publishes to the channel `c`.
    ///
    /// - Parameter formats: the members of the item beside its channel, as JSON.
    func publish(_ formats: String) async throws {
        let answer = try await HTTP.request("POST", port: gateway.control, "/publish/", body: "{\"items\":[{\"channel\":\"c\",\(formats)}]}")
        #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    /// Waits for so many requests to be held.
    func waitUntilHeld(_ count: Int = 1) async throws { try await eventually("\(count) are held") { try await held() == count } }
}
