// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

/// Routes of the `unsocket` dialect, and how routes dial out.
struct GatewayConfigurationUnsocketTests {
    private static let route = ["routes[0].target = http://h/", "routes[0].dialect = unsocket"]

    @Test("What is set is read, and told so that it can be set again")
    func everything() throws {
        let lines = [
            "routes[0].unsocket.form = array", "routes[0].unsocket.lifecycle = true", "routes[0].unsocket.reconnect = false",
            "routes[0].unsocket.binaryAsText = true", "dial.allow[0] = *.Example.com", "dial.allow[1] = other.test",
            "routes[0].dial.denyPrivate = false",
            "dial.timeout = 3s", "dial.caFile = /ca.pem", "dial.proxies = false", "dial.reconnect.firstDelay = 100ms", "dial.reconnect.maxDelay = 2s",
            "dial.reconnect.maxFailures = 7", "dial.reconnect.settledAfter = 1s", "webhook.retries = unlimited",
        ]
        let configuration = try GatewayConfiguration.read(.written(Self.route + lines))
        let route = try #require(configuration.routes.first)
        #expect(route.unsocket == UnsocketSettings(form: .array, lifecycle: true, reconnect: false, binaryAsText: true))
        #expect(
            route.dial
                == DialSettings(
                    allow: ["*.example.com", "other.test"], denyPrivate: false, timeout: .seconds(3), caFile: "/ca.pem", usesProxies: false,
                    reconnect: ReconnectPolicy(firstDelay: .milliseconds(100), maxDelay: .seconds(2), maxFailures: 7, settledAfter: .seconds(1))))
        #expect(route.webhook.retries == WebhookPolicy.unlimited)
        let text = configuration.effective
        for lines in [
            "\n    unsocket:\n      form: array\n      lifecycle: true\n      reconnect: false\n      binaryAsText: true\n    dial:\n",
            "\n    dial:\n      allow: [\"*.example.com\", \"other.test\"]\n      denyPrivate: false\n      timeout: 3s\n      caFile: \"/ca.pem\"\n      proxies: false\n",
            "\n      reconnect:\n        firstDelay: 100ms\n        maxDelay: 2s\n        maxFailures: 7\n        settledAfter: 1s\n",
            "\n      retries: unlimited\n",
        ] {
            #expect(text.contains(lines), "\(lines)")
        }
    }

    @Test(
        "A wrong value is told with what is accepted",
        arguments: [
            ("unsocket.form = list", "test.yaml:3: unsocket.form: expected object, array, found \"list\""),
            ("unsocket.lifecycle = yes", "test.yaml:3: unsocket.lifecycle: expected true or false, found \"yes\""),
            ("unsocket.reconnect = 1", "test.yaml:3: unsocket.reconnect: expected true or false, found \"1\""),
            ("unsocket.binaryAsText = no", "test.yaml:3: unsocket.binaryAsText: expected true or false, found \"no\""),
            ("unsocket.forn = array", "test.yaml:3: unsocket.forn: unknown key; did you mean \"form\"?"),
            ("webhook.retries = off", "test.yaml:3: webhook.retries: expected a whole number from 0 to 100, or unlimited, found \"off\""),
            ("webhook.retries = 101", "test.yaml:3: webhook.retries: expected a whole number from 0 to 100, or unlimited, found \"101\""),
            ("webhook.retries = -1", "test.yaml:3: webhook.retries: expected a whole number from 0 to 100, or unlimited, found \"-1\""),
        ])
    func faults(_ line: String, _ message: String) {
        let found = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(Self.route + [line])) }
        #expect(found?.problems.map(\.description) == [message])
    }

    @Test("Where all routes are of this dialect, nobody need connect")
    func noListener() throws {
        #expect(try GatewayConfiguration.read(.written(Self.route + ["listen = []"])).listen.isEmpty)
        let found = #expect(throws: ConfigurationFaults.self) {
            try GatewayConfiguration.read(
                .written(Self.route + ["routes[0].path = /a", "routes[1].path = /b", "routes[1].target = http://h/", "listen = []"]))
        }
        #expect(found?.problems.map(\.key) == ["listen"])
    }
}
