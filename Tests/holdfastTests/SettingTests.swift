// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastCore
import Testing

@testable import holdfast

@Suite struct SettingTests {
    /// Flags that are no settings of a file: where the file is, and the parser's own.
    private static let others: Set = ["config", "help", "help-hidden", "version"]

    @Test func everySettingIsAFlagOfServeAndEveryFlagASetting() throws {
        let help = Serve.helpMessage(columns: 200)
        let flags = Set(help.matches(of: /--([a-z-]+)/).map { String($0.1) })
        #expect(flags.subtracting(Self.others) == Set(Setting.all.map(\.flag)))
    }

    @Test func aGivenFlagIsFoundUnderItsName() throws {
        for setting in Setting.all {
            let options = try ServingOptions.parse(["--\(setting.flag)", "some value"])
            #expect(options.given == [setting.flag: ["some value"]], "\(setting.flag)")
        }
    }

    @Test(arguments: [
        ("webhook.onFailure", "webhook-on-failure", "HOLDFAST_WEBHOOK_ON_FAILURE"),
        ("maxMessageBytes", "max-message-bytes", "HOLDFAST_MAX_MESSAGE_BYTES"),
        ("tls.certificateFile", "tls-certificate-file", "HOLDFAST_TLS_CERTIFICATE_FILE"),
        ("control.tls.clientCaFile", "control-tls-client-ca-file", "HOLDFAST_CONTROL_TLS_CLIENT_CA_FILE"),
        ("compression.contextTakeover", "compression-context-takeover", "HOLDFAST_COMPRESSION_CONTEXT_TAKEOVER"),
        ("connectRatePerAddress", "connect-rate-per-address", "HOLDFAST_CONNECT_RATE_PER_ADDRESS"),
        ("control.issuer", "control-issuer", "HOLDFAST_CONTROL_ISSUER"), ("autoPong", "auto-pong", "HOLDFAST_AUTO_PONG"),
    ])
    func namesFollowByRule(path: String, flag: String, variable: String) {
        #expect(Setting(path).flag == flag)
        #expect(Setting(path).variable == variable)
    }

    @Test(arguments: [
        ("control.listen", "control", "HOLDFAST_CONTROL"), ("origins", "origin", "HOLDFAST_ORIGIN"),
        ("compression.enabled", "compression", "HOLDFAST_COMPRESSION"), ("grip.sigKey", "sig-key", "HOLDFAST_SIG_KEY"),
        ("grip.sigIss", "sig-iss", "HOLDFAST_SIG_ISS"), ("grip.upstreamKey", "upstream-key", "HOLDFAST_UPSTREAM_KEY"),
        ("slip.jwtSecret", "jwt-secret", "HOLDFAST_JWT_SECRET"),
    ])
    func someHaveAShorterName(path: String, flag: String, variable: String) throws {
        let setting = try #require(Setting.all.first { $0.path.joined(separator: ".") == path })
        #expect(setting.flag == flag)
        #expect(setting.variable == variable)
    }

    @Test func noTwoSettingsHaveTheSameName() {
        #expect(Set(Setting.all.map(\.path)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.variable)).union(Setting.otherVariables).count == Setting.all.count + Setting.otherVariables.count)
    }

    @Test func everySettingIsAKeyThatTheConfigurationKnows() throws {
        for setting in Setting.all {
            var root = ConfigurationNode.empty
            root.set(["target"], ConfigurationNode(.scalar("http://a.test/"), source: .none))
            root.set(["routes"], ConfigurationNode(.list([.empty]), source: .none))
            root.set(setting.path, ConfigurationNode(.scalar("nonsense that no setting takes: \u{1}"), source: .flag("--\(setting.flag)")))
            let problems = faults { _ = try GatewayConfiguration.read(root) }
            #expect(!problems.contains { $0.message.contains("unknown key") }, "\(setting.path)")
        }
    }
}

/// The faults that a call throws.
func faults(_ body: () throws -> Void) -> [ConfigurationProblem] {
    do {
        try body()
        return []
    } catch {
        return (error as? ConfigurationFaults)?.problems ?? []
    }
}
