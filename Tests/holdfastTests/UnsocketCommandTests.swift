// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastCore
import HoldfastServer
import Testing

@testable import holdfast

@Suite struct UnsocketCommandTests {
    private static let url = "http://localhost:3000/messages"

    private func configuration(_ flags: String..., environment: [String: String] = [:]) throws -> GatewayConfiguration {
        try Unsocket.parse([Self.url] + flags).plan(environment: environment).configuration
    }

    @Test func defaultsAreTheOriginalsOrKeepMessagesForAnAppThatIsAway() throws {
        let configuration = try configuration()
        #expect(configuration.listen.isEmpty)
        #expect(configuration.control.description == "127.0.0.1:8081")
        #expect(configuration.logFormat == .json && configuration.logLevel == .info)
        let route = try #require(configuration.routes.first)
        #expect(configuration.routes.count == 1)
        #expect(route.target?.description == Self.url)
        #expect(route.dialect == .unsocket)
        #expect(route.unsocket == UnsocketSettings(form: .object, lifecycle: false, reconnect: true, binaryAsText: false))
        #expect(route.dial == DialSettings(denyPrivate: false))
        #expect(route.webhook.timeout == .seconds(60))
        #expect(route.webhook.retries == WebhookPolicy.unlimited)
        #expect(route.webhook.onFailure == .drop)
        #expect(route.webhook.closeBudget == .seconds(24 * 3600))
        #expect(route.limits.queueEvents == 10000 && route.limits.queueBytes == 16 << 20)
    }

    @Test func itsOwnFlagsSayWhatTheyMean() throws {
        let configuration = try configuration("-v", "--deny-private", "--no-reconnect", "--connection-lifecycle", "--array", "--binary-as-text")
        let route = try #require(configuration.routes.first)
        #expect(configuration.logLevel == .debug)
        #expect(route.dial.denyPrivate)
        #expect(route.unsocket == UnsocketSettings(form: .array, lifecycle: true, reconnect: false, binaryAsText: true))
        #expect(try self.configuration("--verbose").logLevel == .debug)
    }

    @Test func generalFlagsAndVariablesWinOverTheDefaults() throws {
        let configuration = try configuration(
            "--log-format", "text", "--webhook-retries", "3", "--queue-events", "5", "--dial-allow", "a.test", "--dial-allow", "*.b.test",
            "--dial-timeout",
            "2s", "--dial-reconnect-first-delay", "10ms", "--dial-reconnect-max-delay", "20ms", "--dial-reconnect-max-failures", "4",
            "--dial-proxies",
            "false", "--dial-ca-file", "/ca.pem", "-v", "--log-level", "error",
            environment: ["HOLDFAST_WEBHOOK_TIMEOUT": "7s", "HOLDFAST_DIAL_DENY_PRIVATE": "true", "HOLDFAST_LISTEN": ":0"])
        let route = try #require(configuration.routes.first)
        #expect(configuration.logFormat == .text && configuration.logLevel == .error)
        #expect(configuration.listen.map(\.description) == [":0"])
        #expect(route.webhook.retries == 3 && route.webhook.timeout == .seconds(7) && route.limits.queueEvents == 5)
        let reconnect = ReconnectPolicy(firstDelay: .milliseconds(10), maxDelay: .milliseconds(20), maxFailures: 4)
        #expect(
            route.dial
                == DialSettings(
                    allow: ["a.test", "*.b.test"], denyPrivate: true, timeout: .seconds(2), caFile: "/ca.pem", usesProxies: false,
                    reconnect: reconnect))
    }

    @Test func theFlagToDenyWinsOverAVariableThatDoesNot() throws {
        let denied = try configuration("--deny-private", environment: ["HOLDFAST_DIAL_DENY_PRIVATE": "false"])
        #expect(denied.routes.first?.dial.denyPrivate == true)
    }

    @Test func aWrongTargetIsTheOnlyFault() throws {
        let problems = faults { _ = try Unsocket.parse(["localhost:3000"]).plan(environment: [:]) }
        #expect(problems.map(\.key) == ["routes[0].target"])
    }

    @Test(arguments: [[], ["http://a.test/", "http://b.test/"]])
    func thereIsExactlyOneURL(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Unsocket.parse(arguments) }
    }

    @Test func theHelpTellsWhatTheOriginalHas() {
        let help = Unsocket.helpMessage(columns: 200)
        for words in ["unsocket URL", "-v, --verbose", "--no-reconnect", "POST /message", #"[{"init":true}]"#, "--deny-private"] {
            #expect(help.contains(words), "\(words)")
        }
    }

    @Test func theFirstReasonForTheEndIsKept() async {
        let service = FarewellService()
        #expect(service.farewell == nil)
        for reason in ["the remote closed", "another"] {
            service.dials.began()
            service.dials.ended(DialBook.Farewell(reason: reason, isFault: true))
        }
        await service.run()
        #expect(service.farewell?.reason == "the remote closed")
    }
}
