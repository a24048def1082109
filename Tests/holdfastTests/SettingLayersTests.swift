// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite struct SettingLayersTests {
    private func layered(_ flags: [String: [String]], _ environment: [String: String], _ file: ConfigurationNode = .empty) throws -> ConfigurationNode
    {
        try SettingLayers(flags: flags, environment: environment).over(file)
    }

    private func file(_ path: [String], _ value: String) -> ConfigurationNode {
        var node = ConfigurationNode.empty
        node.set(path, ConfigurationNode(.scalar(value), source: .file("f.yaml", line: 3)))
        return node
    }

    private func text(_ node: ConfigurationNode?) -> String? {
        if case .scalar(let text)? = node?.content { text } else { nil }
    }

    @Test func flagsWinOverVariablesAndVariablesOverTheFile() throws {
        let path = ["webhook", "timeout"]
        let file = file(path, "1s")
        let environment = ["HOLDFAST_WEBHOOK_TIMEOUT": "2s"]
        #expect(text(try layered(["webhook-timeout": ["3s"]], environment, file)["webhook"]?["timeout"]) == "3s")
        #expect(text(try layered([:], environment, file)["webhook"]?["timeout"]) == "2s")
        #expect(text(try layered([:], [:], file)["webhook"]?["timeout"]) == "1s")
    }

    @Test func everyValueKnowsWhereItCameFrom() throws {
        let root = try layered(["node": ["a"]], ["HOLDFAST_THREADS": "2"], file(["broker"], "memory"))
        #expect(root["node"]?.source == .flag("--node"))
        #expect(root["threads"]?.source == .environment("HOLDFAST_THREADS"))
        #expect(root["broker"]?.source == .file("f.yaml", line: 3))
    }

    @Test func aVariableHoldsAListWithCommas() throws {
        let root = try layered([:], ["HOLDFAST_LISTEN": "127.0.0.1:1, 127.0.0.1:2", "HOLDFAST_WEBHOOK_RETRIES": "0"], file(["routes"], "x"))
        guard case .list(let items)? = root["listen"]?.content else {
            Issue.record("listen is no list")
            return
        }
        #expect(items.map { text($0) } == ["127.0.0.1:1", "127.0.0.1:2"])
    }

    @Test func aBadValueIsAFaultThatNamesFlagOrVariable() throws {
        var base = ConfigurationNode.empty
        base.set(["target"], ConfigurationNode(.scalar("http://a.test/"), source: .none))
        base.set(["routes"], ConfigurationNode(.list([.empty]), source: .none))
        let root = try layered(["webhook-retries": ["many"]], ["HOLDFAST_PING_INTERVAL": "soon"], base)
        let found = faults { _ = try GatewayConfiguration.read(root) }
        #expect(
            Set(found.map(\.description)) == [
                "HOLDFAST_PING_INTERVAL: pingInterval: expected a duration such as 250ms, 10s, 2m or 1h, or off, found \"soon\"",
                "--webhook-retries: webhook.retries: expected a whole number from 0 to 100, found \"many\"",
            ])
    }

    @Test func variablesThatAreNoSettingsAreToldWithTheNearestName() {
        let layers = SettingLayers(flags: [:], environment: ["HOLDFAST_LISEN": "x", "HOLDFAST_CONFIG": "y", "PATH": "z"])
        #expect(layers.unknownVariables.map(\.name) == ["HOLDFAST_LISEN"])
        #expect(layers.unknownVariables.first?.meant == "HOLDFAST_LISTEN")
    }
}
