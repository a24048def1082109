// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

struct GatewayConfigurationTests {
    private static let target = "routes[0].target = http://localhost:3000/hook"

    @Test("One route with a target is a whole configuration; everything else has a default")
    func minimal() throws {
        let read = try GatewayConfiguration.read(.written(Self.target))
        var expected = GatewayConfiguration()
        var route = RouteConfiguration(name: "default", path: .all, dialect: .json, target: try #require(TargetURL("http://localhost:3000/hook")))
        route.wsaas.maxMessageBytes = 1 << 20
        expected.routes = [route]
        #expect(read == expected)
        #expect(read.listen == [ListenAddress(HostPort(host: "", port: 8080))])
        #expect(read.control == HostPort(host: "127.0.0.1", port: 8081))
        #expect(read.routes[0].events == [.open, .message, .close])
        #expect(read.routes[0].webhook.maxAnswerBytes == 4 << 20)
        #expect(read.routes[0].speaker.name == "json")
        #expect(read.routes[0].autoPong && read.routes[0].host == nil)
        #expect(read.controlIssuer == nil)
    }

    @Test("Every setting of the node is read")
    func node() throws {
        let read = try GatewayConfiguration.read(
            .written(
                Self.target, "node = eu-2", "threads = 4", "listen[0] = 0.0.0.0:80", "listen[1] = [::]:80", "control.listen = 10.0.0.1:81",
                "control.token = abc", "control.issuer = publisher", "tls.certificateFile = /etc/own.pem", "tls.keyFile = /etc/own.key",
                "control.tls.certificateFile = control.pem",
                "control.tls.keyFile = control.key", "control.tls.clientCaFile = ca.pem",
                "broker = nats://localhost:4222", "maxConnections = 1000", "maxConnectionsPerAddress = 7", "connectRatePerAddress = 30/1m",
                "maxHeadBytes = 8KiB", "handshakeTimeout = 3s", "log.level = debug",
                "log.format = json",
                "log.color = never", "drain.deadline = 1m", "drain.spread = 500ms"))
        #expect(read.node.description == "eu-2")
        #expect(read.threads == 4)
        #expect(read.listen.map(\.description) == ["0.0.0.0:80", "[::]:80"])
        #expect(read.control.description == "10.0.0.1:81")
        #expect(read.controlToken == "abc")
        #expect(read.controlIssuer == "publisher")
        #expect(read.tls == TLSFiles(certificateFile: "/etc/own.pem", keyFile: "/etc/own.key"))
        #expect(read.controlTLS == TLSFiles(certificateFile: "control.pem", keyFile: "control.key"))
        #expect(read.controlClientCaFile == "ca.pem")
        #expect(read.cluster.brokers == ["nats://localhost:4222"])
        #expect(read.maxConnections == 1000)
        #expect(read.maxConnectionsPerAddress == 7)
        #expect(read.connectRatePerAddress == ConnectRate(connects: 30, period: .seconds(60)))
        #expect(read.maxHeadBytes == 8192)
        #expect(read.handshakeTimeout == .seconds(3))
        #expect(read.logLevel == .debug)
        #expect(read.logFormat == .json)
        #expect(read.logColor == .never)
        #expect(read.drainDeadline == .seconds(60))
        #expect(read.drainSpread == .milliseconds(500))
    }

    /// Every setting of a route with a value that is not the default.
    private static let settings = [
        "dialect = wsaas", "target = https://example.com/app", "secret = whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "origins[0] = https://example.com",
        "forwardHeaders[0] = Cookie", "events[0] = message", "events[1] = ping", "maxMessageBytes = 1KiB", "queueEvents = 8", "queueBytes = 2KiB",
        "sendQueueBytes = 3KiB", "slowReader = dropOldest", "maxChannels = 5", "maxStateBytes = 0", "pingInterval = off", "autoPong = false",
        "pongTimeout = 6s",
        "idleTimeout = 7m",
        "maxLifetime = 8h", "compression.enabled = false", "compression.threshold = 1KiB", "compression.level = 9",
        "compression.contextTakeover = true",
        "compression.windowBits = 15", "webhook.timeout = 9s", "webhook.retries = 0", "webhook.onFailure = drop", "webhook.concurrency = 11",
        "webhook.queue = 12", "webhook.caFile = /ca.pem",
        "webhook.closeBudget = 13s", "wsaas.localAddress = http://push.example.com/", "wsaas.timeout = 14", "wsaas.textContentType = text/plain",
        "wsaas.answersWithStatus = true",
    ]

    /// - Parameter signs: whether what has no meaning on a wsaas route was set, which only the top level may do.
    private func expectSettings(_ route: RouteConfiguration, signs: Bool = true) throws {
        #expect(route.dialect == .wsaas)
        #expect(route.target?.description == "https://example.com/app")
        #expect(route.secrets == (signs ? [try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))] : []))
        #expect(route.origins == (try OriginPolicy(["https://example.com"])))
        #expect(route.forwardHeaders == (signs ? ["cookie"] : []))
        #expect(route.events == [.message, .ping])
        #expect(!route.autoPong)
        #expect(
            route.limits
                == ConnectionLimits(
                    maxMessageBytes: 1024, queueEvents: 8, queueBytes: 2048, sendQueueBytes: 3072, slowReader: .dropOldest, maxChannels: 5,
                    maxStateBytes: 0))
        #expect(
            route.keepAlive == KeepAlivePolicy(pingInterval: nil, pongTimeout: .seconds(6), idleTimeout: .seconds(420), maxLifetime: .seconds(28_800))
        )
        #expect(
            route.compression
                == CompressionPolicy(isEnabled: false, threshold: 1024, level: 9, wish: DeflateAgreement.Wish(contextTakeover: true, windowBits: 15)))
        #expect(
            route.webhook
                == WebhookPolicy(
                    timeout: .seconds(9), retries: 0, onFailure: .drop, concurrency: 11, queue: 12, closeBudget: .seconds(13), maxAnswerBytes: 4096,
                    caFile: "/ca.pem"))
        #expect(
            route.wsaas
                == WsaasDialect.Settings(
                    localAddress: "http://push.example.com", timeout: 14, maxMessageBytes: 1024, textContentType: "text/plain",
                    answersWithStatus: true))
        #expect(route.speaker.name == "wsaas")
    }

    @Test("Every setting of a route is read from the route")
    func route() throws {
        let read = try GatewayConfiguration.read(
            .written(
                Self.settings.filter { !$0.hasPrefix("secret") && !$0.hasPrefix("forwardHeaders") }.map { "routes[0].\($0)" }
                    + ["routes[0].name = chat", "routes[0].path = /chat/*"]))
        let route = try #require(read.routes.first)
        #expect(route.name == "chat")
        #expect(route.path.description == "/chat/*")
        try expectSettings(route, signs: false)
    }

    @Test(
        "A setting that a route's dialect has no use for is a fault",
        arguments: [
            ("wsaas", "secret = whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret"), ("wsaas", "forwardHeaders = cookie", "forwardHeaders"),
            ("json", "wsaas.timeout = 5", "wsaas"), ("json", "grip.debug = true", "grip"), ("wsaas", "grip.debug = true", "grip"),
            ("grip", "secret = whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret"), ("grip", "forwardHeaders = cookie", "forwardHeaders"),
            ("grip", "wsaas.timeout = 5", "wsaas"),
        ])
    func unused(dialect: String, setting: String, key: String) throws {
        let faults = #expect(throws: ConfigurationFaults.self) {
            try GatewayConfiguration.read(.written("routes[0].target = http://h/", "routes[0].dialect = \(dialect)", "routes[0].\(setting)"))
        }
        #expect(faults?.problems.map(\.key) == ["routes[0].\(key)"])
        #expect(faults?.problems.first?.message == "has no meaning for the dialect \(dialect)")
    }

    @Test("Every setting of a route is read from the top level too, for all routes")
    func topLevel() throws {
        let read = try GatewayConfiguration.read(.written(Self.settings + ["routes[0].path = /a", "routes[1].path = /b"]))
        #expect(read.routes.map(\.name) == ["/a", "/b"])
        for route in read.routes { try expectSettings(route) }
    }

    @Test("A route's own setting counts over the top level's, and its neighbours stay")
    func overrides() throws {
        let read = try GatewayConfiguration.read(
            .written(
                Self.settings + [
                    "routes[0].path = /a", "routes[0].webhook.retries = 5", "routes[0].pingInterval = 30s", "routes[0].maxLifetime = off",
                    "routes[0].origins = []", "routes[0].secret = []", "routes[0].events = open", "routes[0].maxMessageBytes = 2KiB",
                    "routes[0].maxAnswerBytes = 9",
                    "routes[0].dialect = json", "routes[0].target = http://localhost/", "routes[0].forwardHeaders[0] = X-User", "routes[1].path = /b",
                ]))
        let route = read.routes[0]
        #expect(route.webhook.retries == 5)
        #expect(route.webhook.timeout == .seconds(9))
        #expect(route.keepAlive.pingInterval == .seconds(30))
        #expect(route.keepAlive.maxLifetime == nil)
        #expect(route.keepAlive.pongTimeout == .seconds(6))
        #expect(route.origins == .any)
        #expect(route.secrets.isEmpty)
        #expect(route.events == [.open])
        #expect(route.limits.maxMessageBytes == 2048)
        #expect(route.webhook.maxAnswerBytes == 9)
        #expect(route.wsaas.maxMessageBytes == 2048)
        #expect(route.dialect == .json)
        #expect(route.target?.host == "localhost")
        #expect(route.forwardHeaders == ["x-user"])
        try expectSettings(read.routes[1])
    }

    @Test("One value stands for a list of one")
    func single() throws {
        let read = try GatewayConfiguration.read(
            .written(Self.target, "listen = :80", "origins = https://example.com", "forwardHeaders = cookie", "events = open"))
        #expect(read.listen == [ListenAddress(HostPort(host: "", port: 80))])
        #expect(read.routes[0].origins == (try OriginPolicy(["https://example.com"])))
        #expect(read.routes[0].forwardHeaders == ["cookie"])
        #expect(read.routes[0].events == [.open])
    }

    @Test("Both secrets of a rotation are kept, in order")
    func rotation() throws {
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        let read = try GatewayConfiguration.read(.written(Self.target, "secret[0] = \(secrets[0])", "secret[1] = \(secrets[1])"))
        #expect(read.routes[0].secrets == secrets.compactMap(WebhookSecret.init))
    }

    @Test("Only a route that stands alone is called default; the others have their paths for names")
    func names() throws {
        let one = try GatewayConfiguration.read(.written("target = http://h", "routes[0].path = /a"))
        #expect(one.routes.map(\.name) == ["default"])
        let two = try GatewayConfiguration.read(
            .written("target = http://h", "routes[0].path = /a", "routes[1].path = /b/*", "routes[1].name = b", "routes[2].maxChannels = 1"))
        #expect(two.routes.map(\.name) == ["/a", "b", "/*"])
    }

    // MARK: Hosts

    @Test("Routes may be for one host each, or for any; without names of their own, host and path are the name")
    func hosts() throws {
        let read = try GatewayConfiguration.read(
            .written(
                "target = http://h", "routes[0].host = A.Example.com", "routes[1].host = b.example.com", "routes[1].path = /chat/*",
                "routes[2].path = /chat/*", "routes[3].host = a.example.com", "routes[3].path = /chat/*", "routes[3].name = chat"))
        #expect(read.routes.map(\.host) == ["a.example.com", "b.example.com", nil, "a.example.com"])
        #expect(read.routes.map(\.path.description) == ["/*", "/chat/*", "/chat/*", "/chat/*"])
        #expect(read.routes.map(\.name) == ["a.example.com/*", "b.example.com/chat/*", "/chat/*", "chat"])
    }

    @Test("A host is a route's own: at the top level it is unknown")
    func hostAtTheTop() {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(Self.target, "host = a.example.com")) }
        #expect(faults?.problems.map(\.key) == ["host"])
        #expect(faults?.problems.first?.message.hasPrefix("unknown key; ") == true)
    }

    @Test("The control port on this machine alone needs no token", arguments: ["127.0.0.1:81", "[::1]:81", "localhost:81"])
    func loopbackControl(_ address: String) throws {
        #expect(try GatewayConfiguration.read(.written(Self.target, "control.listen = \(address)")).controlToken == nil)
    }
}
