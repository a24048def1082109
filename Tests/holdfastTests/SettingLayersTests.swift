// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
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
                "--webhook-retries: webhook.retries: expected a whole number from 0 to 100, or unlimited, found \"many\"",
            ])
    }

    @Test func securityAndLimitsAreReadFromFlagsAndVariables() throws {
        var base = ConfigurationNode.empty
        base.set(["target"], ConfigurationNode(.scalar("http://a.test/"), source: .none))
        base.set(["routes"], ConfigurationNode(.list([.empty]), source: .none))
        let root = try layered(
            [
                "listen": ["wss://:8443", "ws://:8080"], "tls-certificate-file": ["own.pem"], "compression": ["false"],
                "connect-rate-per-address": ["30/1m"],
            ],
            [
                "HOLDFAST_TLS_KEY_FILE": "own.key", "HOLDFAST_CONTROL_TLS_CERTIFICATE_FILE": "c.pem", "HOLDFAST_CONTROL_TLS_KEY_FILE": "c.key",
                "HOLDFAST_CONTROL_TLS_CLIENT_CA_FILE": "ca.pem", "HOLDFAST_COMPRESSION": "true", "HOLDFAST_COMPRESSION_WINDOW_BITS": "9",
                "HOLDFAST_MAX_CONNECTIONS_PER_ADDRESS": "5",
            ], base)
        let configuration = try GatewayConfiguration.read(root)
        #expect(configuration.listen.map(\.description) == ["wss://:8443", "ws://:8080"])
        #expect(configuration.tls == TLSFiles(certificateFile: "own.pem", keyFile: "own.key"))
        #expect(configuration.controlTLS == TLSFiles(certificateFile: "c.pem", keyFile: "c.key"))
        #expect(configuration.controlClientCaFile == "ca.pem")
        #expect(configuration.maxConnectionsPerAddress == 5)
        #expect(configuration.connectRatePerAddress == ConnectRate(connects: 30, period: .seconds(60)))
        let compression = try #require(configuration.routes.first?.compression)
        #expect(!compression.isEnabled, "the flag wins")
        #expect(compression.wish.windowBits == 9)
    }

    @Test func whatGripNeedsIsReadFromFlagsAndVariables() throws {
        var base = ConfigurationNode.empty
        base.set(["target"], ConfigurationNode(.scalar("http://a.test/"), source: .none))
        base.set(["routes"], ConfigurationNode(.list([.empty]), source: .none))
        let root = try layered(
            ["dialect": ["grip"], "sig-iss": ["holdfast"], "control-token": ["abc"], "auto-pong": ["false"]],
            ["HOLDFAST_SIG_KEY": "base64:aGVsbG8=", "HOLDFAST_UPSTREAM_KEY": "file:/etc/up.pem", "HOLDFAST_CONTROL_ISSUER": "publisher"], base)
        let configuration = try GatewayConfiguration.read(root)
        #expect(configuration.controlIssuer == "publisher")
        let route = try #require(configuration.routes.first)
        #expect(route.dialect == .grip && !route.autoPong)
        #expect(route.grip.sigIss == "holdfast")
        #expect(route.grip.sigKey == .secret(Array("hello".utf8)))
        #expect(route.grip.upstreamKey == .file("/etc/up.pem"))
    }

    @Test func aWrongKeyIsToldByItsNameAndNotShown() throws {
        var base = ConfigurationNode.empty
        base.set(["target"], ConfigurationNode(.scalar("http://a.test/"), source: .none))
        base.set(["routes"], ConfigurationNode(.list([.empty]), source: .none))
        let root = try layered(["sig-key": ["base64:hunter2!"]], ["HOLDFAST_UPSTREAM_KEY": "base64:hunter2!"], base)
        let found = faults { _ = try GatewayConfiguration.read(root) }
        #expect(
            Set(found.map(\.description)) == [
                "--sig-key: grip.sigKey: \(GripKey.rule), found (hidden)", "HOLDFAST_UPSTREAM_KEY: grip.upstreamKey: \(GripKey.rule), found (hidden)",
            ])
    }

    @Test func whatTheControlCommandsReadIsNotUnknown() {
        let environment = ["HOLDFAST_CONTROL_CA_FILE": "a", "HOLDFAST_CONTROL_CERTIFICATE_FILE": "b", "HOLDFAST_CONTROL_KEY_FILE": "c"]
        #expect(SettingLayers(flags: [:], environment: environment).unknownVariables.isEmpty)
    }

    @Test func variablesThatAreNoSettingsAreToldWithTheNearestName() {
        let layers = SettingLayers(flags: [:], environment: ["HOLDFAST_LISEN": "x", "HOLDFAST_CONFIG": "y", "PATH": "z"])
        #expect(layers.unknownVariables.map(\.name) == ["HOLDFAST_LISEN"])
        #expect(layers.unknownVariables.first?.meant == "HOLDFAST_LISTEN")
    }
}
