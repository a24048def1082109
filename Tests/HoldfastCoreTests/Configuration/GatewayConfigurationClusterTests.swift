// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct GatewayConfigurationClusterTests {
    private static let target = "routes[0].target = http://localhost:3000/hook"

    private func read(_ lines: String...) throws -> GatewayConfiguration { try GatewayConfiguration.read(.written([Self.target] + lines)) }

    // MARK: Good

    @Test("A node stands alone unless it is told of a broker, and is n1 then")
    func alone() throws {
        for lines in [[], ["broker = memory"], ["broker[0] = memory"], ["broker = memory://"]] {
            let read = try GatewayConfiguration.read(.written([Self.target] + lines))
            #expect(read.cluster.isAlone)
            #expect(!read.drawsNode)
            #expect(read.node == .standalone)
        }
    }

    @Test("One broker or several; who joins others and has no name is to be given one")
    func brokers() throws {
        let one = try read("broker = nats://a:4222")
        #expect(one.cluster.brokers == ["nats://a:4222"])
        #expect(!one.cluster.isAlone)
        #expect(one.drawsNode)
        #expect(
            one.cluster
                == {
                    var expected = ClusterSettings()
                    expected.brokers = ["nats://a:4222"]
                    return expected
                }(), "all else is default")
        let two = try read("broker[0] = nats://a:4222", "broker[1] = nats://b:4222", "node = web-1")
        #expect(two.cluster.brokers == ["nats://a:4222", "nats://b:4222"])
        #expect(!two.drawsNode)
        #expect(two.node.description == "web-1")
    }

    @Test("Every key of the section")
    func settings() throws {
        let read = try read(
            "broker = nats://a", "cluster.name = eu_1-b", "cluster.lease = 3s", "cluster.linger = 500ms", "cluster.queueBytes = 1MiB",
            "cluster.closingEvents = none", "cluster.readyWithoutBroker = false", "cluster.credentialsFile = /a.creds", "cluster.caFile = /ca.pem",
            "cluster.certificateFile = /own.pem", "cluster.keyFile = /own.key")
        var expected = ClusterSettings()
        expected.brokers = ["nats://a"]
        expected.name = "eu_1-b"
        expected.lease = .seconds(3)
        expected.linger = .milliseconds(500)
        expected.queueBytes = 1 << 20
        expected.closingEvents = .none
        expected.readyWithoutBroker = false
        expected.credentialsFile = "/a.creds"
        expected.caFile = "/ca.pem"
        expected.certificate = TLSFiles(certificateFile: "/own.pem", keyFile: "/own.key")
        #expect(read.cluster == expected)
        #expect(try self.read("broker = nats://a", "cluster.linger = off").cluster.linger == .zero)
        #expect(try self.read("broker = rediss://a", "cluster.caFile = /ca.pem").cluster.caFile == "/ca.pem")
    }

    // MARK: Faults

    private static let alone = "has no effect with broker: memory, a node that stands alone; set broker (--broker nats://host:4222)"
    private static let plain = "has no effect without TLS: expected a broker such as rediss://host"

    @Test("What is wrong, or has no effect, is told once", arguments: faulty)
    func faults(_ lines: [String], _ expected: [String]) {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written([Self.target] + lines)) }
        #expect(faults?.problems.map(\.description) == expected)
    }

    private static let faulty: [([String], [String])] = [
        (["broker = []"], ["test.yaml:2: broker: an empty list: expected memory, or one or more URLs such as nats://host:4222"]),
        (["broker[0] = nats://a", "broker[1] ="], ["test.yaml:3: broker[1]: expected a text that is not empty, found \"\""]),
        (["broker.url = nats://a"], ["test.yaml:2: broker: expected a list"]),
        (
            ["broker[0] = nats://a", "broker[1] = memory"],
            ["test.yaml:2: broker: memory is for a node that stands alone; it does not go with others"]
        ),
        (["cluster.lease = 3s"], ["test.yaml:2: cluster: \(alone)"]),
        (["broker = memory", "cluster.name = a"], ["test.yaml:3: cluster: \(alone)"]),
        (["cluster.leese = 3s"], ["test.yaml:2: cluster.leese: unknown key; did you mean \"lease\"?"]),
        (["broker = nats://a", "cluster.name = a.b"], ["test.yaml:3: cluster.name: expected 1 to 64 letters, digits, - or _, found \"a.b\""]),
        (["broker = nats://a", "cluster.lease = 999ms"], ["test.yaml:3: cluster.lease: expected a duration from 1s to 3600s, found \"999ms\""]),
        (["broker = nats://a", "cluster.lease = off"], ["test.yaml:3: cluster.lease: expected a duration from 1s to 3600s, found \"off\""]),
        (
            ["broker = nats://a", "cluster.linger = 0s"],
            ["test.yaml:3: cluster.linger: expected a duration from 1ms to 3600s, or off, found \"0s\""]
        ),
        (
            ["broker = nats://a", "cluster.queueBytes = 1KiB"],
            ["test.yaml:3: cluster.queueBytes: expected a size such as 512, 16KiB or 1MiB, at least 65536 bytes, found \"1KiB\""]
        ),
        (
            ["broker = nats://a", "cluster.closingEvents = all"],
            ["test.yaml:3: cluster.closingEvents: expected survivor, none, found \"all\""]
        ),
        (
            ["broker = nats://a", "cluster.certificateFile = a.pem"],
            ["test.yaml:3: cluster.certificateFile: needs keyFile beside it: the certificate's private key, in PEM"]
        ),
        (
            ["broker = nats://a", "cluster.keyFile = a.key"],
            ["test.yaml:3: cluster.keyFile: needs certificateFile beside it: the key's certificate, in PEM"]
        ),
        (
            ["broker = redis://a", "cluster.credentialsFile = a"],
            ["test.yaml:3: cluster.credentialsFile: has no effect with Redis: put user and password into the URL, redis://user:password@host"]
        ),
        (["broker = redis://a", "cluster.caFile = a"], ["test.yaml:3: cluster.caFile: \(plain)"]),
        (
            ["broker = redis://a", "cluster.certificateFile = a", "cluster.keyFile = b"],
            ["test.yaml:3: cluster.certificateFile: \(plain)", "test.yaml:4: cluster.keyFile: \(plain)"]
        ),
    ]

    @Test("What whoever makes brokers finds is told with all else, each fault at its place and once")
    func brokerFaults() {
        let lines = [
            "broker[0] = nats://a", "broker[1] =", "broker[2] = redis://b", "cluster.lease = soon", "cluster.caFile = /ca.pem",
            "cluster.credentialsFile = /a.creds", "cluster.certificateFile = /own.pem", "maxConnections = many",
        ]
        var asked: [ClusterSettings] = []
        let faults = #expect(throws: ConfigurationFaults.self) {
            try GatewayConfiguration.read(.written([Self.target] + lines)) { settings in
                asked.append(settings)
                return [
                    BrokerError(.unknownBroker, .url(1), "is of another kind"), BrokerError(.unusableFile, .credentialsFile, "no such file"),
                    BrokerError(.unusableFile, .caFile, "is a directory"), BrokerError(.unusableFile, .certificateFile, "told already"),
                    BrokerError(.unknownBroker, "as a whole"),
                ]
            }
        }
        #expect(
            faults?.problems.map(\.description) == [
                "test.yaml:3: broker[1]: expected a text that is not empty, found \"\"",
                "test.yaml:4: broker[2]: is of another kind",
                "test.yaml:2: broker: as a whole",
                "test.yaml:5: cluster.lease: expected a duration from 1s to 3600s, found \"soon\"",
                "test.yaml:8: cluster.certificateFile: needs keyFile beside it: the certificate's private key, in PEM",
                "test.yaml:7: cluster.credentialsFile: no such file",
                "test.yaml:6: cluster.caFile: is a directory",
                "test.yaml:9: maxConnections: expected a whole number from 1 to 100000000, found \"many\"",
            ])
        #expect(asked.map(\.brokers) == [["nats://a", "redis://b"]])
    }

    @Test("A node that stands alone needs nobody who makes brokers, and one URL has no number")
    func brokerFaultsOfOne() throws {
        _ = try GatewayConfiguration.read(.written([Self.target])) { _ in [BrokerError(.unknownBroker, .broker, "nobody asked")] }
        let lines = ["broker = x", "broker[0] = memory", "broker[1] = nats://a"]
        for (lines, expected) in [
            ([lines[0]], ["test.yaml:2: broker: no URL"]),
            (Array(lines[1...]), ["test.yaml:2: broker: memory is for a node that stands alone; it does not go with others"]),
        ] {
            let faults = #expect(throws: ConfigurationFaults.self) {
                try GatewayConfiguration.read(.written([Self.target] + lines)) { _ in [BrokerError(.unknownBroker, .url(0), "no URL")] }
            }
            #expect(faults?.problems.map(\.description) == expected)
        }
    }

    // MARK: Shown

    @Test("The cluster is told with all its settings, and without credentials")
    func effective() throws {
        let read = try read("broker[0] = nats://user:hunter2@a:4222", "broker[1] = nats://b:4222", "node = web-1", "cluster.linger = off")
        let lines = """
            broker: ["nats://(hidden)@a:4222", "nats://b:4222"]
            cluster:
              name: "holdfast"
              lease: 10s
              linger: off
              queueBytes: 16777216
              closingEvents: survivor
              readyWithoutBroker: true
              # credentialsFile: none
              # caFile: the system's
              # certificateFile: none
            log:
            """
        #expect(read.effective.contains(lines), "\(read.effective)")
        #expect(read.effective.hasPrefix("node: web-1\n"))
    }

    @Test("A name that is drawn at each start is no setting")
    func drawnNode() throws {
        let read = try read("broker = nats://a:4222")
        #expect(read.effective.hasPrefix("# node: drawn at each start, such as "))
    }

    @Test(
        "No user, password or token of a URL is shown",
        arguments: [
            ("nats://a", "nats://a"), ("nats://t0ken@a", "nats://(hidden)@a"), ("nats://u:p@ss@a:1", "nats://(hidden)@a:1"),
            ("u:p@a", "(hidden)@a"), ("memory", "memory"), ("u:p@h://x", "(hidden)@h://x"),
            ("nats://a:1,b:2, nats://c,", "nats://a:1,b:2, nats://c,"), ("nats://u:p@a:1,v:q@b,c", "nats://(hidden)@b,c"),
            ("nats://u:p@a,nats://v:q@b:1", "nats://(hidden)@a,nats://(hidden)@b:1"), ("redis://[::1]:6379/2", "redis://[::1]:6379/2"),
            // A comma in a password.
            ("nats://user:sec,ret@host", "nats://(hidden)@host"), ("nats://user:s,e,c:9@host", "nats://(hidden)@host"),
            ("nats://user:123,ret@host", "nats://(hidden)@host"), ("nats://user:sec", "nats://(hidden)"), ("user:sec", "(hidden)"),
            ("nats://a:1,user:sec", "nats://(hidden)"), ("nats://user:123456", "nats://(hidden)"), ("nats://host:70000", "nats://host:70000"),
            ("nats://user:sec/x?y", "nats://(hidden)"), ("redis://host?password=sec", "redis://host?(hidden)"),
            ("redis://u:p@host/1#sec", "redis://(hidden)@host/1#(hidden)"), ("nats://[::1]:sec", "nats://(hidden)"),
        ])
    func credentials(_ broker: String, _ shown: String) {
        #expect(ClusterSettings.withoutCredentials(broker) == shown)
    }
}
