// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite struct SlipVariablesTests {
    private static let app = "http://app.test/slip"

    private func configuration(
        _ environment: [String: String], secret: String? = nil, root: ConfigurationNode = .empty
    ) throws -> (GatewayConfiguration, [String]) {
        var variables = SlipVariables(environment: environment, secret: secret)
        var root = root
        try variables.apply(to: &root)
        let flags = secret.map { ["jwt-secret": [$0]] } ?? [:]
        let layers = SettingLayers(flags: flags, environment: environment)
        return (try GatewayConfiguration.read(layers.over(root)), variables.notes)
    }

    @Test func twoVariablesAreEnough() throws {
        let (configuration, notes) = try configuration(["TARGET_URL": Self.app, "JWT_SECRET": "key", "STACK_NAME": "", "DOMAIN_NAME": ""])
        #expect(configuration.listen.map(\.description) == [":8080"])
        #expect(configuration.control.description == "127.0.0.1:8081")
        #expect(configuration.controlToken == "key")
        let route = try #require(configuration.routes.first)
        #expect(route.name == "default")
        #expect(route.target?.description == Self.app)
        #expect(route.dialect == .slip)
        #expect(route.slip == SlipSettings(jwtSecret: "key"))
        #expect(route.webhook.onFailure == .drop)
        #expect(notes.isEmpty)
    }

    @Test func theOthersAreToldWhatBecomesOfThem() throws {
        let (configuration, notes) = try configuration([
            "TARGET_URL": Self.app, "JWT_SECRET": "key", "STACK_NAME": "chat", "DOMAIN_NAME": "ws.example.com",
        ])
        #expect(configuration.routes.map(\.name) == ["chat"])
        #expect(notes.count == 2)
        #expect(notes[0].hasPrefix("STACK_NAME (chat) is the route's name here"))
        #expect(notes[1].hasPrefix("DOMAIN_NAME (ws.example.com) changes nothing here"))
    }

    @Test func whatIsMissingIsToldAtOnce() {
        let found = faults { _ = try configuration([:]) }
        #expect(found.map(\.key) == ["target", "slip.jwtSecret"])
        #expect(found.allSatisfy { $0.message.contains("holdfast slip") || $0.message.contains("openssl rand -hex 32") })
    }

    @Test(
        arguments: [
            (["JWT_SECRET": "a", "HOLDFAST_JWT_SECRET": "b"], nil, "b", "b"), (["JWT_SECRET": "a", "HOLDFAST_JWT_SECRET": "b"], "c", "c", "c"),
            (["HOLDFAST_JWT_SECRET": "b"], nil, "b", "b"), ([:], "c", "c", "c"),
            (["JWT_SECRET": "a", "HOLDFAST_CONTROL_TOKEN": "t"], nil, "a", "t"),
        ] as [([String: String], String?, String, String)])
    func oursWin(_ environment: [String: String], _ flag: String?, _ secret: String, _ token: String) throws {
        let (configuration, _) = try configuration(environment.merging(["TARGET_URL": Self.app]) { $1 }, secret: flag)
        #expect(configuration.routes.first?.slip.jwtSecret == secret)
        #expect(configuration.controlToken == token)
    }

    /// A tree as a file has it.
    private func file(secrets: [String?], common: String? = nil, dialect: String? = nil) -> ConfigurationNode {
        func scalar(_ text: String) -> ConfigurationNode { ConfigurationNode(.scalar(text), source: .none) }
        var root = ConfigurationNode.empty
        let routes = secrets.enumerated().map { index, secret in
            var route = ConfigurationNode.empty
            route.set(["path"], scalar("/\(index)"))
            route.set(["target"], scalar(Self.app))
            if let secret { route.set(["slip", "jwtSecret"], scalar(secret)) }
            if let dialect { route.set(["dialect"], scalar(dialect)) }
            return route
        }
        root.set(["routes"], ConfigurationNode(.list(routes), source: .none))
        if let common { root.set(["slip", "jwtSecret"], scalar(common)) }
        return root
    }

    @Test func aFileMayHaveItAll() throws {
        let (own, _) = try configuration([:], root: file(secrets: ["x", "y"]))
        #expect(own.routes.map(\.slip.jwtSecret) == ["x", "y"])
        #expect(own.controlToken == "x")
        let (common, notes) = try configuration(["STACK_NAME": "chat", "JWT_SECRET": "a"], root: file(secrets: [nil, "y"], common: "z"))
        #expect(common.routes.map(\.slip.jwtSecret) == ["z", "y"])
        #expect(common.controlToken == "z")
        #expect(notes.count == 1 && notes[0].hasPrefix("STACK_NAME (chat) changes nothing here"))
    }

    @Test func everyRouteOfTheDialectNeedsASecret() throws {
        let found = faults { _ = try configuration([:], root: file(secrets: ["x", nil])) }
        #expect(found.map(\.key) == ["slip.jwtSecret"])
        let (others, _) = try configuration([:], root: file(secrets: [nil], dialect: "json"))
        #expect(others.controlToken == nil)
    }
}
