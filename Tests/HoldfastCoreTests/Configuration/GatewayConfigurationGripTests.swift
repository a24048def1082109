// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

/// The section `grip:`, and what else came with GRIP: `host`, `autoPong`, `control.issuer`.
struct GatewayConfigurationGripTests {
    private static let target = "routes[0].target = http://localhost:8000"

    private func faults(_ lines: [String]) -> [String] {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(lines)) }
        return faults?.problems.map(\.description) ?? []
    }

    private func grip(_ lines: [String]) throws -> GripSettings {
        let read = try GatewayConfiguration.read(.written([Self.target, "routes[0].dialect = grip"] + lines.map { "routes[0].grip.\($0)" }))
        return try #require(read.routes.first).grip
    }

    /// Every setting with a value that is not the default.
    private static let settings = [
        "sigIss = holdfast", "sigKey = hunter1", "upstreamKey = base64:aHVudGVyMg==", "channelPrefix = eu-", "replacePrefix = /app",
        "host = app.test:8000",
        "setHeaders[0] = X-Env:  test ", "setHeaders[1] = Cookie:", "xForwardedFor = truncate:1,append", "xForwardedProto = false",
        "acceptXForwardedProto = true", "cdnLoop = edge-1", "originHeaders = true", "subscribe[0] = news", "subscribe[1] = a b", "noGrip = true",
        "debug = true", "crossOrigin = true", "messageWait = 250ms",
    ]

    private static func expected() throws -> GripSettings {
        var grip = GripSettings()
        grip.sigIss = "holdfast"
        grip.sigKey = try GripKey("hunter1")
        grip.upstreamKey = try GripKey("hunter2")
        grip.channelPrefix = "eu-"
        grip.replacePrefix = "/app"
        grip.host = "app.test:8000"
        grip.setHeaders = [.init(name: "x-env", value: "test "), .init(name: "cookie", value: "")]
        grip.xForwardedFor = "truncate:1,append"
        grip.xForwardedProto = false
        grip.acceptXForwardedProto = true
        grip.cdnLoop = "edge-1"
        grip.originHeaders = true
        grip.subscribe = [.sample("news"), .sample("a b")]
        grip.noGrip = true
        grip.debug = true
        grip.crossOrigin = true
        grip.messageWait = .milliseconds(250)
        return grip
    }

    // MARK: Reading

    @Test("A route with GRIP has defaults for all the rest")
    func defaults() throws {
        let read = try GatewayConfiguration.read(.written(Self.target, "routes[0].dialect = grip"))
        let route = try #require(read.routes.first)
        #expect(route.dialect == .grip)
        #expect(route.speaker.name == "grip")
        #expect(route.grip == GripSettings())
        let grip = route.grip
        #expect(grip.sigIss == "pushpin" && grip.sigKey == nil && grip.upstreamKey == nil && grip.channelPrefix.isEmpty && grip.replacePrefix == nil)
        #expect(grip.host == nil && grip.setHeaders.isEmpty && grip.xForwardedFor.isEmpty && grip.xForwardedProto && !grip.acceptXForwardedProto)
        #expect(grip.cdnLoop.isEmpty && !grip.originHeaders && grip.subscribe.isEmpty && !grip.noGrip && !grip.debug && !grip.crossOrigin)
        #expect(grip.messageWait == .seconds(5))
    }

    @Test("Every setting is read from the route")
    func route() throws {
        #expect(try grip(Self.settings) == Self.expected())
    }

    @Test("Every setting is read from the top level too, where routes of other dialects have no harm of it")
    func topLevel() throws {
        let read = try GatewayConfiguration.read(
            .written(
                Self.settings.map { "grip.\($0)" } + [
                    "target = http://h", "routes[0].path = /a", "routes[0].dialect = grip", "routes[1].path = /b", "routes[2].path = /c",
                    "routes[2].dialect = grip",
                ]))
        #expect(read.routes[0].grip == (try Self.expected()))
        #expect(read.routes[2].grip == (try Self.expected()))
        #expect(read.routes[1].dialect == .json)
    }

    @Test("A route's own setting counts over the top level's, and may take it back where a setting can be nothing")
    func overrides() throws {
        let own = [
            "sigIss = other", "sigKey = file:/etc/grip.pem", "replacePrefix =", "setHeaders = X-Env: live", "xForwardedFor = off",
            "xForwardedProto = true", "acceptXForwardedProto = false", "subscribe = []", "noGrip = false", "messageWait = 1s",
        ]
        let read = try GatewayConfiguration.read(
            .written(
                Self.settings.map { "grip.\($0)" } + ["target = http://h", "routes[0].path = /a", "routes[0].dialect = grip"]
                    + own.map { "routes[0].grip.\($0)" } + ["routes[1].path = /b", "routes[1].dialect = grip"]))
        var expected = try Self.expected()
        #expect(read.routes[1].grip == expected)
        expected.sigIss = "other"
        expected.sigKey = .file("/etc/grip.pem")
        expected.replacePrefix = ""
        expected.setHeaders = [.init(name: "x-env", value: "live")]
        expected.xForwardedFor = ""
        expected.xForwardedProto = true
        expected.acceptXForwardedProto = false
        expected.subscribe = []
        expected.noGrip = false
        expected.messageWait = .seconds(1)
        #expect(read.routes[0].grip == expected)
    }

    @Test("One value stands for a list of one")
    func single() throws {
        #expect(try grip(["subscribe = news"]).subscribe == [.sample("news")])
        #expect(try grip(["setHeaders = X-A: b: c"]).setHeaders == [.init(name: "x-a", value: "b: c")])
    }

    @Test(
        "How X-Forwarded-For is made is told in one word or two",
        arguments: ["append", "truncate:0", "truncate:0,append", "append,truncate:12", "off", "false"])
    func forwardedFor(_ text: String) throws {
        #expect(try grip(["xForwardedFor = \(text)"]).xForwardedFor == (text == "off" || text == "false" ? "" : text))
    }

    // MARK: Faults

    private static let header =
        "expected a header such as \"X-Env: test\", an empty value takes the client's away; "
        + "host, content-length, transfer-encoding, connection, keep-alive, te, trailer, upgrade, expect cannot be set"

    @Test(
        "A wrong value is one fault that says what is accepted",
        arguments: [
            ("sigIss =", "sigIss: expected a text that is not empty, found \"\""),
            ("setHeaders = X-Env", "setHeaders: \(header), found \"X-Env\""),
            (
                "setHeaders[0] = : a",
                "setHeaders[0]: \(header), found \": a\""
            ),
            (
                "setHeaders[0] = X Env: a",
                "setHeaders[0]: \(header), found \"X Env: a\""
            ),
            (
                "setHeaders = X-Env: a\r\nb: c",
                "setHeaders: \(header), found \"X-Env: a\r\nb: c\""
            ),
            ("setHeaders.x-env = a", "setHeaders: expected a list"),
            ("xForwardedFor = on", "xForwardedFor: expected off, append, truncate:N, or truncate:N,append, found \"on\""),
            ("xForwardedFor =", "xForwardedFor: expected off, append, truncate:N, or truncate:N,append, found \"\""),
            ("xForwardedFor = append,", "xForwardedFor: expected off, append, truncate:N, or truncate:N,append, found \"append,\""),
            ("xForwardedFor = truncate:", "xForwardedFor: expected off, append, truncate:N, or truncate:N,append, found \"truncate:\""),
            ("xForwardedFor = truncate:-1", "xForwardedFor: expected off, append, truncate:N, or truncate:N,append, found \"truncate:-1\""),
            ("xForwardedProto = yes", "xForwardedProto: expected true or false, found \"yes\""),
            ("acceptXForwardedProto = 1", "acceptXForwardedProto: expected true or false, found \"1\""),
            ("cdnLoop = a b", "cdnLoop: expected a name of letters, digits and signs such as - or _, found \"a b\""),
            ("cdnLoop = é", "cdnLoop: expected a name of letters, digits and signs such as - or _, found \"é\""),
            ("originHeaders = on", "originHeaders: expected true or false, found \"on\""),
            ("subscribe[0] =", "subscribe[0]: expected 1 to 256 bytes without control characters, found \"\""),
            ("subscribe.a = b", "subscribe: expected a list"),
            ("noGrip = no", "noGrip: expected true or false, found \"no\""),
            ("debug = 2", "debug: expected true or false, found \"2\""),
            ("crossOrigin = *", "crossOrigin: expected true or false, found \"*\""),
            ("messageWait = 5", "messageWait: expected a duration such as 250ms, 10s, 2m or 1h, found \"5\""),
            ("messageWait = off", "messageWait: expected a duration such as 250ms, 10s, 2m or 1h, found \"off\""),
            ("sigkey = a", "sigkey: unknown key; did you mean \"sigKey\"?"),
        ])
    func fault(_ line: String, _ expected: String) {
        #expect(faults([Self.target, "routes[0].dialect = grip", "routes[0].grip.\(line)"]) == ["test.yaml:3: routes[0].grip.\(expected)"])
        #expect(faults([Self.target, "grip.\(line)"]) == ["test.yaml:2: grip.\(expected)"])
    }

    @Test("A section that is none, and a key that is far from all, are told with what is accepted")
    func section() {
        #expect(faults([Self.target, "grip = on"]) == ["test.yaml:2: grip: expected a map of keys and values"])
        let all =
            "acceptXForwardedProto, cdnLoop, channelPrefix, crossOrigin, debug, host, messageWait, noGrip, originHeaders, replacePrefix, setHeaders, "
            + "sigIss, sigKey, subscribe, upstreamKey, xForwardedFor, xForwardedProto"
        #expect(faults([Self.target, "grip.zzzzzzzz = 1"]) == ["test.yaml:2: grip.zzzzzzzz: unknown key; accepted here: \(all)"])
    }

    @Test(
        "A rule for X-Forwarded-For that nobody could follow is refused, not left aside",
        arguments: ["append,append", "truncate:1,truncate:2", "truncate:+1", "truncate:99999999999999999999"])
    func unusableForwardedFor(_ text: String) {
        #expect(ForwardedForRule(text) == nil)
        #expect(
            faults([Self.target, "grip.xForwardedFor = \(text)"])
                == ["test.yaml:2: grip.xForwardedFor: expected off, append, truncate:N, or truncate:N,append, found \"\(text)\""])
    }

    @Test(
        "What could not stand in a request or in a channel's name, or would make two requests of one, is refused",
        arguments: [
            ("host =", "host"), ("replacePrefix[0] = /a", "replacePrefix"), ("channelPrefix =", "channelPrefix"), ("host = a b", "host"),
            ("host = a\r\nx: y", "host"), ("host = http://a", "host"), ("replacePrefix = /a b", "replacePrefix"),
            ("replacePrefix = /a\r\nx: y", "replacePrefix"), ("replacePrefix = /a?b", "replacePrefix"), ("replacePrefix = /a#b", "replacePrefix"),
            ("setHeaders = Content-Length: 5", "setHeaders"), ("setHeaders = Transfer-Encoding: chunked", "setHeaders"),
            ("setHeaders = Host: a", "setHeaders"), ("setHeaders = Connection: close", "setHeaders"), ("setHeaders = EXPECT:", "setHeaders"),
            ("setHeaders = upgrade: h2c", "setHeaders"),
            ("channelPrefix = a\tb", "channelPrefix"), ("channelPrefix = \(String(repeating: "x", count: 256))", "channelPrefix"),
        ])
    func dangerous(_ line: String, _ key: String) {
        let found = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(Self.target, "grip.\(line)")) }
        #expect(found?.problems.map(\.key) == ["grip.\(key)"])
    }

    @Test(
        "A wrong key is not shown",
        arguments: ["sigKey = base64:hunter2!", "upstreamKey = base64:hunter2!", "sigKey = -----BEGIN hunter2-----"])
    func hiddenFault(_ line: String) {
        for place in ["grip.", "routes[0].grip."] {
            let found = faults([Self.target, "routes[0].dialect = grip", place + line])
            #expect(found == ["test.yaml:3: \(place)\(line.prefix { $0 != " " }): \(GripKey.rule), found (hidden)"])
        }
    }

    @Test("The names of key files are shown, wherever else key is part of a name")
    func keyFiles() {
        #expect(faults([Self.target, "tls.keyFile =", "tls.certificateFile = a"]).first?.hasSuffix("found \"\"") == true)
    }

    // MARK: host, autoPong, control.issuer

    @Test(
        "A host is a name alone",
        arguments: ["", "a.test:80", "http://a.test", "a.test/chat", "a b", "*.a.test", "[::1]"])
    func wrongHost(_ host: String) {
        #expect(
            faults([Self.target, "routes[0].host = \(host)"])
                == ["test.yaml:2: routes[0].host: expected a host name such as example.com, without a port, found \"\(host)\""])
    }

    @Test("Nor is it what no host is called", arguments: ["a?b", "a#b", "a@b", "'a'", "&a", "a,b", "é.test", "a\tb", "!a"])
    func noHost(_ host: String) {
        let found = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(Self.target, "routes[0].host = \(host)")) }
        #expect(found?.problems.map(\.key) == ["routes[0].host"])
    }

    @Test("A path belongs to one route of a host, in whatever case that is written")
    func duplicates() {
        let found = faults([
            "target = http://h", "routes[0].host = a.test", "routes[0].path = /x", "routes[1].host = b.test", "routes[1].path = /x",
            "routes[2].path = /x",
            "routes[3].host = A.TEST", "routes[3].path = /x", "routes[4].path = /x",
        ])
        #expect(
            found == [
                "test.yaml:8: routes[3].path: a.test/x is the path of another route already",
                "test.yaml:9: routes[4].path: /x is the path of another route already",
            ])
    }

    @Test("Pings are answered or not, nothing between", arguments: ["no", "0", "off", ""])
    func wrongAutoPong(_ text: String) {
        #expect(faults([Self.target, "autoPong = \(text)"]) == ["test.yaml:2: autoPong: expected true or false, found \"\(text)\""])
    }

    @Test("Pings may be answered on one route and not on the other")
    func autoPong() throws {
        let read = try GatewayConfiguration.read(
            .written("target = http://h", "autoPong = false", "routes[0].path = /a", "routes[1].path = /b", "routes[1].autoPong = true"))
        #expect(read.routes.map(\.autoPong) == [false, true])
    }

    @Test("An issuer needs the key that its tokens are signed with")
    func issuer() throws {
        #expect(
            faults([Self.target, "control.issuer = publisher"])
                == ["test.yaml:2: control.issuer: needs control.token beside it: the key that the issuer's tokens are signed with"])
        #expect(faults([Self.target, "control.issuer ="]) == ["test.yaml:2: control.issuer: expected a text that is not empty, found \"\""])
        // The token's own fault is enough.
        #expect(faults([Self.target, "control.issuer = a", "control.token ="]).count == 1)
        #expect(try GatewayConfiguration.read(.written(Self.target, "control.issuer = a", "control.token = b")).controlIssuer == "a")
    }

    // MARK: What is told

    @Test("A route with GRIP tells its section, with its defaults")
    func effectiveDefaults() throws {
        let text = try GatewayConfiguration.read(.written(Self.target, "routes[0].dialect = grip")).effective
        #expect(
            text.hasSuffix(
                """
                      # caFile: the system's
                    grip:
                      sigIss: "pushpin"
                      # sigKey: none
                      # upstreamKey: none
                      # channelPrefix: none
                      # replacePrefix: none
                      # host: the client's
                      setHeaders: []
                      xForwardedFor: off
                      xForwardedProto: true
                      acceptXForwardedProto: false
                      # cdnLoop: none
                      originHeaders: false
                      subscribe: []
                      noGrip: false
                      debug: false
                      crossOrigin: false
                      messageWait: 5s

                """))
        #expect(text.contains("\n    # secret: none\n"))
        #expect(text.contains("\n    # forwardHeaders: []\n"), "it has no meaning here, so it could not be served from")
    }

    @Test("What was set is told, but for keys: of a file its name, of a secret nothing")
    func effective() throws {
        let lines =
            ["routes[0].dialect = grip", "routes[0].host = a.test", "routes[0].path = /chat*", "control.token = hunter3", "control.issuer = a \"b\""]
            + Self.settings.map { "routes[0].grip.\($0)" } + ["routes[0].autoPong = false"]
        let text = try GatewayConfiguration.read(.written([Self.target] + lines)).effective
        #expect(
            text.hasSuffix(
                """
                    grip:
                      sigIss: "holdfast"
                      # sigKey: (hidden)
                      # upstreamKey: (hidden)
                      channelPrefix: "eu-"
                      replacePrefix: "/app"
                      host: "app.test:8000"
                      setHeaders: ["x-env: test ", "cookie: "]
                      xForwardedFor: "truncate:1,append"
                      xForwardedProto: false
                      acceptXForwardedProto: true
                      cdnLoop: "edge-1"
                      originHeaders: true
                      subscribe: ["news", "a b"]
                      noGrip: true
                      debug: true
                      crossOrigin: true
                      messageWait: 250ms

                """))
        #expect(!text.contains("hunter"))
        #expect(!text.contains("aHVudGVy"), "nor as base64")
        #expect(text.contains("\n    path: \"/chat*\"\n    host: a.test\n    dialect: grip\n"))
        #expect(text.contains("\n    autoPong: false\n"))
        #expect(text.contains("\n  # token: (hidden)\n  # issuer: \"a \\\"b\\\"\"\n"), "without its token it could not be served from")
        let file = try GatewayConfiguration.read(.written(Self.target, "routes[0].dialect = grip", "grip.sigKey = file:/etc/grip.pem")).effective
        #expect(file.contains("\n      # sigKey: file:/etc/grip.pem\n"))
    }

    @Test("Other dialects tell nothing of it")
    func otherDialects() throws {
        let text = try GatewayConfiguration.read(.written([Self.target] + Self.settings.map { "grip.\($0)" })).effective
        #expect(!text.contains("grip:") && !text.contains("sigIss") && !text.contains("hunter"))
    }
}
