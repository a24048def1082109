// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

/// The section `wsify:`, and routes without an app.
struct GatewayConfigurationWsifyTests {
    private static let dialect = "routes[0].dialect = wsify"

    private func faults(_ lines: String...) -> [String] {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(lines)) }
        return faults?.problems.map(\.description) ?? []
    }

    private func route(_ lines: String...) throws -> RouteConfiguration {
        try #require(try GatewayConfiguration.read(.written([Self.dialect] + lines)).routes.first)
    }

    @Test("A route of this dialect can do without an app, and is then asked nothing")
    func defaults() throws {
        let route = try route()
        #expect(route.target == nil)
        #expect(route.speaker.name == "wsify")
        #expect(route.wsify == WsifySettings())
        #expect(route.publishPath == nil)
        #expect(route.speaker.unasked([SequencedEvent(seq: 1, event: .open(.sample()))], in: .sample()) != nil)
        let asked = try self.route("routes[0].target = http://a.test/")
        #expect(asked.target?.host == "a.test")
        #expect(asked.speaker.unasked([SequencedEvent(seq: 1, event: .open(.sample()))], in: .sample()) == nil)
    }

    @Test("A route of any other dialect needs one", arguments: DialectName.allCases.filter { $0 != .wsify })
    func others(dialect: DialectName) {
        #expect(dialect.needsTarget)
        #expect(
            faults("routes[0].dialect = \(dialect.rawValue)").contains {
                $0.hasSuffix("routes[0].target: missing: the URL at which the app is called; \(TargetURL.rule)")
            })
    }

    @Test("A wrong target is one fault, and not taken for none")
    func wrongTarget() {
        #expect(faults(Self.dialect, "routes[0].target = ftp://x") == ["test.yaml:2: routes[0].target: \(TargetURL.rule), found \"ftp://x\""])
    }

    @Test("Every setting is read")
    func all() throws {
        let three = try route(
            "routes[0].wsify.broadcastingKey = s3cret", "routes[0].wsify.broadcastPath = /pub", "routes[0].wsify.acks = true",
            "routes[0].wsify.identity = true", "routes[0].wsify.disconnect = true", "routes[0].wsify.targets = true")
        #expect(
            three.wsify
                == WsifySettings(broadcastingKey: "s3cret", broadcastPath: "/pub", acks: true, identity: true, disconnect: true, targets: true))
        #expect(three.publishPath == "/pub")
        let two = try route("wsify.version = v2", "routes[0].wsify.events[0] = connect", "routes[0].wsify.events[1] = subscribe")
        #expect(two.wsify == WsifySettings(version: .v2, events: [.connect, .subscribe]))
        #expect(two.wsify.publishPath == "/publish")
    }

    @Test("No events are events", arguments: ["wsify.events ="])
    func none(line: String) throws {
        #expect(try route("wsify.version = v2", line).wsify.events.isEmpty)
    }

    @Test(
        "What is wrong is told",
        arguments: [
            ("version = v4", "version: expected v2, v3, found \"v4\""),
            ("broadcastPath = broadcast", "broadcastPath: expected a path such as /broadcast, without a query, found \"broadcast\""),
            ("broadcastPath = /a?b", "broadcastPath: expected a path such as /broadcast, without a query, found \"/a?b\""),
            ("broadcastPath = /a*", "broadcastPath: expected a path such as /broadcast, without a query, found \"/a*\""),
            ("broadcastPath = /a b", "broadcastPath: expected a path such as /broadcast, without a query, found \"/a b\""),
            ("broadcastingKey =", "broadcastingKey: expected a text that is not empty, found (hidden)"),
            ("acks = on", "acks: expected true or false, found \"on\""), ("identity = 1", "identity: expected true or false, found \"1\""),
            ("disconnect = 1", "disconnect: expected true or false, found \"1\""), ("targets = 1", "targets: expected true or false, found \"1\""),
            ("events[0] = connect", "events: has a meaning only with version: v2"),
        ])
    func wrong(line: String, fault: String) {
        #expect(faults(Self.dialect, "routes[0].wsify.\(line)") == ["test.yaml:2: routes[0].wsify.\(fault)"])
    }

    @Test(
        "What the other version has no use for is a fault",
        arguments: [
            ("disconnect = true", "disconnect: has a meaning only with version: v3; v2 has events"),
            ("targets = true", "targets: has a meaning only with version: v3; v2 always has them"),
        ])
    func versions(line: String, fault: String) {
        #expect(faults(Self.dialect, "wsify.version = v2", "routes[0].wsify.\(line)") == ["test.yaml:3: routes[0].wsify.\(fault)"])
        #expect(
            faults(Self.dialect, "wsify.version = v2", "wsify.events[0] = fly")
                == ["test.yaml:3: wsify.events[0]: expected connect, disconnect, subscribe, unsubscribe, found \"fly\""])
    }

    @Test("Two routes cannot have one place to publish at")
    func places() throws {
        #expect(
            faults(
                "dialect = wsify", "wsify.broadcastPath = /b", "routes[0].path = /1", "routes[1].path = /2", "routes[2].path = /3",
                "routes[2].host = a.test")
                == ["test.yaml:4: routes[1].wsify: broadcastPath: /b is the place of another route's publishers already"])
    }

    @Test("Which events the app hears of is the convention's business")
    func events() throws {
        #expect(faults(Self.dialect, "routes[0].events[0] = open") == ["test.yaml:2: routes[0].events: has no meaning for the dialect wsify"])
        #expect(try route("events[0] = ping").events == [.open, .message, .close])
    }

    @Test("The key is not shown")
    func effective() throws {
        let read = try GatewayConfiguration.read(.written([Self.dialect, "wsify.broadcastingKey = s3cret", "wsify.broadcastPath = /b"]))
        #expect(!read.effective.contains("s3cret"))
        for line in [
            "    # target: none: nobody is asked, everything is allowed", "      # broadcastingKey: (hidden)", "      broadcastPath: \"/b\"",
            "      version: v3", "      # events: [connect, disconnect, subscribe, unsubscribe]", "      targets: false",
        ] {
            #expect(read.effective.contains("\(line)\n"), "\(line)")
        }
    }
}
