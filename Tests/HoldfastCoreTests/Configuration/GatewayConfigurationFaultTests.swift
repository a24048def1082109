// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct GatewayConfigurationFaultTests {
    private static let target = "routes[0].target = http://localhost:3000/hook"
    private static let url = "expected a URL such as http://localhost:3000/hook"

    private func faults(_ lines: [String]) -> [String] {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(lines)) }
        return faults?.problems.map(\.description) ?? []
    }

    @Test("Ten faults are ten lines, each with its place, its key, what is accepted and what was found")
    func ten() {
        let found = faults([
            "node = a.b",
            "threads = 0",
            "listen[0] = :8080",
            "listen[1] = nowhere",
            "log.level = loud",
            "maxHeadBytes = 100",
            "webhook.timeout = soon",
            "routes[0].path = chat",
            "routes[0].target = localhost:3000",
            "routes[0].events[0] = open",
            "routes[0].events[1] = shout",
            "routes[0].webook.retries = 3",
        ])
        #expect(
            found == [
                "test.yaml:1: node: expected 1 to 64 letters, digits, - or _, found \"a.b\"",
                "test.yaml:2: threads: expected a whole number from 1 to 1024, found \"0\"",
                "test.yaml:4: listen[1]: \(ListenAddress.rule), found \"nowhere\"",
                "test.yaml:6: maxHeadBytes: expected a size such as 512, 16KiB or 1MiB, at least 256 bytes, found \"100\"",
                "test.yaml:5: log.level: expected trace, debug, info, notice, warning, error, critical, found \"loud\"",
                "test.yaml:7: webhook.timeout: expected a duration such as 250ms, 10s, 2m or 1h, found \"soon\"",
                "test.yaml:8: routes[0].path: \(PathPattern.rule), found \"chat\"",
                "test.yaml:9: routes[0].target: \(Self.url), found \"localhost:3000\"",
                "test.yaml:11: routes[0].events[1]: expected open, message, close, ping, pong, found \"shout\"",
                "test.yaml:12: routes[0].webook: unknown key; did you mean \"webhook\"?",
            ])
    }

    @Test(
        "One mistake is one fault",
        arguments: [
            ([target, "listen = nowhere"], "test.yaml:2: listen: \(ListenAddress.rule), found \"nowhere\""),
            ([target, "listen[0] = nowhere"], "test.yaml:2: listen[0]: \(ListenAddress.rule), found \"nowhere\""),
            ([target, "listen.host = a"], "test.yaml:2: listen: expected a list"),
            ([target, "listen[0].host = a"], "test.yaml:2: listen[0]: \(ListenAddress.rule)"),
            ([target, "listen = []"], "test.yaml:2: listen: an empty list: nobody could connect; \(ListenAddress.rule)"),
            ([target, "control = off"], "test.yaml:2: control: expected a map of keys and values"),
            ([target, "control.listen = 8081"], "test.yaml:2: control.listen: \(HostPort.rule), found \"8081\""),
            ([target, "threads[0] = 1"], "test.yaml:2: threads: expected a whole number from 1 to 1024"),
            ([target, "broker ="], "test.yaml:2: broker: expected a text that is not empty, found \"\""),
            ([target, "origins = example.com/"], "test.yaml:2: origins: \"example.com/\": \(OriginError.rule)"),
            ([target, "webhook = fast"], "test.yaml:2: webhook: expected a map of keys and values"),
            ([target, "wsaas.localAddress = push"], "test.yaml:2: wsaas.localAddress: expected a URL such as http://localhost:8081, found \"push\""),
            (
                [target, "pingInterval = never"],
                "test.yaml:2: pingInterval: expected a duration such as 250ms, 10s, 2m or 1h, or off, found \"never\""
            ),
            (["target = nowhere", "routes[0].path = /a", "routes[1].path = /b"], "test.yaml:1: target: \(url), found \"nowhere\""),
            (["routes[0].target = nowhere"], "test.yaml:1: routes[0].target: \(url), found \"nowhere\""),
            (["routes[0].path = /a"], "test.yaml:1: routes[0].target: missing: the URL at which the app is called; \(url)"),
            (["target = http://h", "routes = /chat"], "test.yaml:2: routes: expected a list, each entry with its keys"),
            (["target = http://h", "routes.path = /chat"], "test.yaml:2: routes: expected a list, each entry with its keys"),
            (["routes[0] = /chat"], "test.yaml:1: routes[0]: expected a map of keys and values"),
            ([target, "routes[1] = /chat"], "test.yaml:2: routes[1]: expected a map of keys and values"),
        ] as [([String], String)])
    func one(_ lines: [String], _ expected: String) {
        #expect(faults(lines) == [expected])
    }

    @Test("A configuration that is no map at all is one fault", arguments: [ConfigurationNode.Content.scalar("http://localhost"), .list([])])
    func noMap(_ content: ConfigurationNode.Content) {
        let faults = #expect(throws: ConfigurationFaults.self) {
            try GatewayConfiguration.read(ConfigurationNode(content, source: .file("test.yaml", line: 1)))
        }
        #expect(faults?.description == "test.yaml:1: expected a map of keys and values")
    }

    @Test(
        "Without a route there is nothing to serve, and the fault says how to begin",
        arguments: [[], ["routes = []"], ["target = http://localhost"]] as [[String]])
    func noRoute(_ lines: [String]) {
        let found = faults(lines)
        #expect(found.count == 1)
        #expect(found.first?.contains("routes: no route") == true)
        #expect(found.first?.contains("holdfast serve http://localhost:3000/hook") == true)
    }

    @Test("A path and a name belong to one route")
    func duplicates() {
        let found = faults([
            "target = http://h", "routes[0].path = /a", "routes[0].name = one", "routes[1].path = /a", "routes[1].name = two", "routes[2].path = /b",
            "routes[2].name = one", "routes[3].path = /b", "routes[3].name = two",
        ])
        #expect(
            found == [
                "test.yaml:4: routes[1].path: /a is the path of another route already",
                "test.yaml:7: routes[2].name: one is the name of another route already",
                "test.yaml:8: routes[3].path: /b is the path of another route already",
                "test.yaml:9: routes[3].name: two is the name of another route already",
            ])
    }

    @Test(
        "Two routes for the same path are one fault, although their names would be the same too",
        arguments: [["routes[0].path = /a", "routes[1].path = /a"], ["routes[0].maxChannels = 1", "routes[1].maxChannels = 2"]])
    func duplicatePath(_ lines: [String]) {
        let found = faults(["target = http://h"] + lines)
        #expect(found.count == 1)
        #expect(found.first?.contains("routes[1].path: ") == true)
        #expect(found.first?.hasSuffix("is the path of another route already") == true)
    }

    @Test("Two routes with paths that are wrong are two faults, and no duplicates")
    func wrongPaths() {
        let found = faults(["target = http://h", "routes[0].path = a", "routes[1].path = b", "routes[2].name = /*"])
        #expect(
            found == [
                "test.yaml:2: routes[0].path: \(PathPattern.rule), found \"a\"", "test.yaml:3: routes[1].path: \(PathPattern.rule), found \"b\"",
            ])
    }

    @Test("A route with several faults tells them all, the duplicate too")
    func routeFaults() {
        let found = faults(["routes[0].path = /a", "routes[0].target = http://h", "routes[1].path = /a", "routes[1].name = b"])
        #expect(
            found == [
                "test.yaml:3: routes[1].path: /a is the path of another route already",
                "test.yaml:3: routes[1].target: missing: the URL at which the app is called; \(Self.url)",
            ])
    }

    @Test(
        "The control port beyond this machine needs a token, and the fault says how to give one",
        arguments: [":8081", "0.0.0.0:8081", "10.0.0.1:8081", "127.example.com:8081"])
    func unsafeControl(_ address: String) {
        let found = faults([Self.target, "control.listen = \(address)"])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("test.yaml:2: control: \(address) can be reached from other machines") == true)
        #expect(found.first?.contains("control.token (--control-token, HOLDFAST_CONTROL_TOKEN)") == true)
        #expect(throws: Never.self) { try GatewayConfiguration.read(.written(Self.target, "control.listen = \(address)", "control.token = abc")) }
    }

    @Test(
        "An unknown key is told with what was probably meant, else with what is accepted there",
        arguments: [
            ("targt = http://h", "targt: unknown key; did you mean \"target\"?"),
            ("Listen = :80", "Listen: unknown key; did you mean \"listen\"?"),
            ("routes[0].pingintervall = 5s", "routes[0].pingintervall: unknown key; did you mean \"pingInterval\"?"),
            ("webhook.retires = 5", "webhook.retires: unknown key; did you mean \"retries\"?"),
            ("control.password = 5", "control.password: unknown key; accepted here: issuer, listen, tls, token"),
            ("routes[0].control.token = 5", "routes[0].control: unknown key; accepted here: autoPong, compression, dial, dialect, "),
            ("drain.xyz = 5", "drain.xyz: unknown key; accepted here: deadline, spread"),
        ])
    func unknownKey(_ line: String, _ expected: String) {
        let found = faults([Self.target, line])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("test.yaml:2: \(expected)") == true, "\(found)")
    }

    @Test(
        "A wrong secret is not shown",
        arguments: ["secret = whsec_hunter2", "secret[0] = whsec_hunter2", "routes[0].secret = hunter2", "routes[0].secret[0] = whsec_hunter2"])
    func hidden(_ line: String) {
        let found = faults([Self.target, line])
        #expect(found.count == 1)
        #expect(found.first?.contains("hunter2") == false)
        #expect(found.first?.hasSuffix("\(WebhookSecret.rule), found (hidden)") == true)
    }

    @Test("A fault of the environment or of a flag is told by its name")
    func sources() {
        var root = ConfigurationNode.written(Self.target)
        root.set(["threads"], ConfigurationNode(.scalar("many"), source: .environment("HOLDFAST_THREADS")))
        root.set(["log", "format"], ConfigurationNode(.scalar("xml"), source: .flag("--log-format")))
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(root) }
        #expect(
            faults?.description
                == "HOLDFAST_THREADS: threads: expected a whole number from 1 to 1024, found \"many\"\n--log-format: log.format: expected auto, json, text, found \"xml\""
        )
    }
}
