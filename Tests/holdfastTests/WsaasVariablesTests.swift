// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite struct WsaasVariablesTests {
    private func configuration(_ environment: [String: String]) throws -> (GatewayConfiguration, [String]) {
        var variables = WsaasVariables(environment: environment)
        var root = ConfigurationNode.empty
        try variables.apply(to: &root)
        return (try GatewayConfiguration.read(root), variables.warnings)
    }

    @Test func defaultsAreTheOriginals() throws {
        let (configuration, warnings) = try configuration([:])
        #expect(configuration.listen.map(\.description) == ["127.0.0.1:8080"])
        #expect(configuration.control.description == "127.0.0.1:8081")
        let route = try #require(configuration.routes.first)
        #expect(route.target?.description == "http://localhost:3000/websocket")
        #expect(route.dialect == .wsaas)
        #expect(route.wsaas.localAddress == "http://localhost:8081")
        #expect(route.wsaas.timeout == 30000)
        #expect(route.limits.maxMessageBytes == 131_071)
        #expect(route.keepAlive.pingInterval == .milliseconds(10000))
        #expect(route.keepAlive.pongTimeout == .milliseconds(20000))
        #expect(warnings.isEmpty)
    }

    @Test func theOlderNamesAreUnderstoodWithoutAScheme() throws {
        let (configuration, _) = try configuration(["API_URI": "localhost:80/websocket", "WS_HOSTNAME": "gateway.test:9000"])
        #expect(configuration.routes.first?.target?.description == "http://localhost:80/websocket")
        #expect(configuration.routes.first?.wsaas.localAddress == "http://gateway.test:9000")
    }

    @Test func theNewerNamesWin() throws {
        let (configuration, _) = try configuration([
            "API_URI": "old.test/x", "TARGET_ADDRESS": "https://new.test/y", "WS_HOSTNAME": "old.test", "LOCAL_ADDRESS": "https://new.test/",
        ])
        #expect(configuration.routes.first?.target?.description == "https://new.test/y")
        #expect(configuration.routes.first?.wsaas.localAddress == "https://new.test")
    }

    @Test func anAddressThatNamesTheClientsPortIsMovedToWherePushesGo() throws {
        let (configuration, warnings) = try configuration(["WS_HOSTNAME": "localhost:8080"])
        #expect(configuration.routes.first?.wsaas.localAddress == "http://localhost:8081")
        #expect(warnings.count == 1)
    }

    @Test func allWrongVariablesAreToldAtOnce() {
        let found = faults { _ = try configuration(["WS_PORT": "web", "HTTP_PORT": "99999", "WS_TIMEOUT": "-1", "MAX_PAGE": "0"]) }
        #expect(found.map(\.key) == ["WS_PORT", "HTTP_PORT", "WS_TIMEOUT", "MAX_PAGE"])
    }

    @Test(arguments: [("INFO", "info"), ("WARN", "warning"), ("error", "error"), ("Debug", "debug")])
    func levelsAreUnderstoodInAnyCase(text: String, level: String) throws {
        #expect(try configuration(["LOG_LEVEL": text]).0.logLevel.rawValue == level)
    }

    @Test func aWrongLevelIsAFaultOfItsVariable() {
        let found = faults { _ = try configuration(["LOG_LEVEL": "loud"]) }
        #expect(found.map(\.source) == [.environment("LOG_LEVEL")])
    }
}
