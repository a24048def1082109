// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite("Settings of Pushpin as settings of ours") struct PushpinConfImportTests {
    private typealias Imported = (flat: Set<String>, notes: [String], root: ConfigurationNode)

    private func imported(_ text: String, file: String = "pushpin.conf", into root: ConfigurationNode = .empty) throws -> Imported {
        var root = root
        var conf = try PushpinConf.parse(text, file: file)
        conf.substitute()
        let notes = try PushpinImport.apply(routes: nil, conf: conf, to: &root)
        return (Set(root.flat), notes, root)
    }

    /// What is there when a file says nothing.
    private static let defaults: Set<String> = [
        "listen = :7999", "control.listen = 127.0.0.1:5561", "dialect = grip", "grip.sigIss = pushpin",
    ]

    @Test func withoutFilesThereAreTheDefaults() throws {
        var root = ConfigurationNode.empty
        let notes = try PushpinImport.apply(routes: nil, conf: nil, to: &root)
        #expect(notes.isEmpty)
        #expect(Set(root.flat) == Self.defaults)
        #expect(Set(root.sources.values) == ["holdfast grip"])
    }

    /// Settings, and what they are here.
    @Test(arguments: [
        ("[runner]\nclient_buffer_size=4096", ["maxHeadBytes = 4096"]), ("[runner]\nclient_maxconn=10", ["maxConnections = 10"]),
        ("[runner]\nallow_compression=false", ["compression.enabled = false"]), ("[runner]\nallow_compression=1", ["compression.enabled = true"]),
        ("[runner]\nlog_level=0", ["log.level = error"]), ("[runner]\nlog_level=1", ["log.level = warning"]),
        ("[runner]\nlog_level=2", ["log.level = info"]), ("[runner]\nlog_level=3", ["log.level = debug"]),
        ("[runner]\nlog_level=9", ["log.level = trace"]),
        ("[proxy]\ndebug=True", ["grip.debug = true"]), ("[proxy]\nauto_cross_origin=false", ["grip.crossOrigin = false"]),
        ("[proxy]\naccept_x_forwarded_protocol=true", ["grip.acceptXForwardedProto = true"]),
        ("[proxy]\nset_x_forwarded_protocol=proto-only", ["grip.xForwardedProto = true"]),
        ("[proxy]\nset_x_forwarded_protocol=false", ["grip.xForwardedProto = false"]),
        ("[proxy]\nx_forwarded_for=truncate:0, append", ["grip.xForwardedFor = truncate:0,append"]),
        ("[proxy]\ncdn_loop=name", ["grip.cdnLoop = name"]), ("[proxy]\nsig_key=base64:AAAA", ["grip.sigKey = base64:AAAA"]),
        ("[proxy]\nupstream_key=file:up.pem", ["grip.upstreamKey = file:up.pem"]),
        ("[handler]\nconnection_subscription_max=20", ["maxChannels = 20"]), ("[handler]\nmessage_wait=5000", ["grip.messageWait = 5000ms"]),
        ("[handler]\nmessage_wait=0", ["grip.messageWait = 1ms"]), ("[handler]\npush_in_http_max_body_size=1000000", []),
        ("[proxy]\nroutesfile=routes\nsig_key=\nx_forwarded_for=", []), ("[global]\nport_offset=10", []),
    ])
    func settingsAreCarriedOver(text: String, expected: [String]) throws {
        let (flat, notes, root) = try imported(text)
        #expect(flat == Self.defaults.union(expected))
        #expect(notes.isEmpty)
        #expect(expected.allSatisfy { root.sources[String($0.prefix { $0 != " " })] == "pushpin.conf:2" })
    }

    @Test func theIssuerIsTheFiles() throws {
        #expect(try imported("[proxy]\nsig_iss=me").flat == Self.defaults.subtracting(["grip.sigIss = pushpin"]).union(["grip.sigIss = me"]))
    }

    @Test(arguments: [
        ("http_port=8000", ["listen[0] = :8000"]), ("http_port=127.0.0.1:8000", ["listen[0] = 127.0.0.1:8000"]),
        ("http_port=[::1]:8000,9000", ["listen[0] = [::1]:8000", "listen[1] = :9000"]), ("http_port=", ["listen = :7999"]),
        ("http_port=80\nhttps_ports=443,10.0.0.1:8443", ["listen[0] = ws://:80", "listen[1] = wss://:443", "listen[2] = wss://10.0.0.1:8443"]),
        ("https_ports=443", ["listen[0] = wss://:443"]),
    ])
    func portsAreAddresses(text: String, expected: [String]) throws {
        #expect(try imported("[runner]\n\(text)").flat.filter { $0.hasPrefix("listen") } == Set(expected))
    }

    @Test func theCertificateLiesWhereItsPortSays() throws {
        let (flat, notes, _) = try imported("[runner]\nhttps_ports=8443,443", file: "/etc/pushpin/pushpin.conf")
        let name = "/etc/pushpin/runner/certs/default_8443"
        #expect(flat.isSuperset(of: ["tls.certificateFile = \(name).crt", "tls.keyFile = \(name).key"]))
        #expect(notes == ["/etc/pushpin/pushpin.conf:2: https_ports: the one certificate for all of them is \(name).crt, its key \(name).key"])
    }

    @Test func aCertificateOfOursWins() throws {
        var own = ConfigurationNode.empty
        own.set(["tls", "certificateFile"], ConfigurationNode(.scalar("own.pem"), source: .file("h.yaml", line: 1)))
        let (flat, notes, _) = try imported("[runner]\nhttps_ports=443", into: own)
        #expect(flat.filter { $0.hasPrefix("tls") } == ["tls.certificateFile = own.pem"])
        #expect(notes.isEmpty)
    }

    @Test(arguments: [
        ("push_in_http_addr=::1\npush_in_http_port=9000", "[::1]:9000"), ("push_in_http_port=9000", "127.0.0.1:9000"),
        ("push_in_http_addr=127.0.0.2", "127.0.0.2:5561"), ("push_in_http_port=9000\n[global]\nport_offset=10", "127.0.0.1:9010"),
    ])
    func publishersHaveTheControlAPI(text: String, expected: String) throws {
        let (flat, notes, _) = try imported("[handler]\n\(text)")
        #expect(flat.filter { $0.hasPrefix("control") } == ["control.listen = \(expected)"])
        #expect(notes.isEmpty)
    }

    @Test func aControlAPIForOthersNeedsATokenAndSaysSo() throws {
        let text = "[handler]\npush_in_http_port=5561\npush_in_http_addr=0.0.0.0"
        let note = "push_in_http_addr=0.0.0.0 can be reached from other machines, so control.token must be set here"
        #expect(try imported(text).notes == ["pushpin.conf:3: \(note)"])
        var own = ConfigurationNode.empty
        own.set(["control", "token"], ConfigurationNode(.scalar("t"), source: .file("h.yaml", line: 1)))
        let (flat, notes, _) = try imported(text, into: own)
        #expect(flat.isSuperset(of: ["control.listen = 0.0.0.0:5561", "control.token = t"]))
        #expect(notes.isEmpty)
    }

    @Test func theControlAPICannotBeSwitchedOff() throws {
        let (flat, notes, _) = try imported("[handler]\npush_in_http_port=0")
        #expect(flat == Self.defaults)
        #expect(notes == ["pushpin.conf:2: push_in_http_port=0: the control API cannot be switched off here"])
    }

    @Test func settingsOfOursWin() throws {
        let keys = [
            "listen", "control.listen", "maxHeadBytes", "maxConnections", "maxChannels", "maxAnswerBytes", "compression.enabled", "log.level",
            "dialect",
            "grip.debug", "grip.sigKey", "grip.sigIss", "grip.messageWait", "grip.xForwardedFor", "grip.xForwardedProto",
        ]
        var own = ConfigurationNode.empty
        for key in keys { own.set(key.split(separator: ".").map(String.init), ConfigurationNode(.scalar("own"), source: .file("h.yaml", line: 1))) }
        let text = """
            [runner]
            http_port=1
            client_buffer_size=256
            client_maxconn=1
            allow_compression=true
            log_level=2
            [proxy]
            debug=true
            sig_key=k
            sig_iss=i
            x_forwarded_for=append
            set_x_forwarded_protocol=proto-only
            [handler]
            push_in_http_port=1
            message_wait=1
            connection_subscription_max=1
            push_in_http_max_body_size=1
            """
        #expect(try imported(text, into: own).flat == Set(keys.map { "\($0) = own" }))
    }

    @Test func whatIsNoMapIsLeftForItsOwnFault() throws {
        var own = ConfigurationNode.empty
        own.set(["grip"], ConfigurationNode(.scalar("yes"), source: .file("h.yaml", line: 1)))
        #expect(try imported("[proxy]\nsig_key=k", into: own).flat.filter { $0.hasPrefix("grip") } == ["grip = yes"])
    }

    /// What has no meaning here, and what is said of it.
    @Test(arguments: [
        ("[handler]\nmessage_rate=2500", ["pushpin.conf:2: message_rate=2500 has no meaning: nothing is dropped by rate here"]),
        ("[runner]\nlocal_ports=/run/p", ["pushpin.conf:2: local_ports=/run/p has no meaning: clients connect over TCP here, not over Unix sockets"]),
        ("[handler]\nid_cache_ttl=5", ["pushpin.conf:2: id_cache_ttl=5 has no meaning: ids of messages are remembered for 60 seconds here"]),
        ("[handler]\nid_cache_ttl=60", []), ("[proxy]\nlog_from=false\nlog_user_agent=FALSE\naccept_pushpin_route=false\nupdates_check=off", []),
        ("[proxy]\nlog_from=true", ["pushpin.conf:2: log_from=true has no meaning: addresses of clients are not logged here"]),
        ("[proxy]\nx_forwarded_for_trusted=\norganization_name=", []),
        ("[proxy]\nsig_key=changeme", ["pushpin.conf:2: sig_key is still the one that Pushpin comes with, so anybody can sign as this gateway"]),
        (
            "[proxy]\nset_x_forwarded_protocol=true",
            ["pushpin.conf:2: set_x_forwarded_protocol=true: X-Forwarded-Proto is sent here, without X-Forwarded-Protocol"]
        ),
        ("[proxy]\nauto_cross_origin=true", ["pushpin.conf:2: auto_cross_origin adds the CORS headers; answers are not wrapped as JSON-P here"]),
        (
            "[handler]\npush_in_http_max_body_size=5000000",
            [
                "pushpin.conf:2: push_in_http_max_body_size=5000000 bounds the answers of the app as well, as maxAnswerBytes; "
                    + "one message is bounded by maxMessageBytes"
            ]
        ),
        ("[runner]\nlog_level=1,proxy:3", ["pushpin.conf:2: log_level=proxy:3 is not used: there is one process here"]),
        ("[runner]\nhtp_port=1", ["pushpin.conf:2: [runner] htp_port is not used: no such setting of Pushpin; did you mean http_port?"]),
        ("[proxy]\nhttp_port=1", ["pushpin.conf:2: [proxy] http_port is not used: no such setting of Pushpin; it belongs in [runner]"]),
        ("[runer]\nzzz=1", ["pushpin.conf:2: [runer] zzz is not used: no such setting of Pushpin; did you mean [runner]?"]),
        ("[other]\nx_spec=1", ["pushpin.conf:2: [other] x_spec is not used: no such setting of Pushpin"]),
    ])
    func whatIsNotCarriedOverIsSaid(text: String, expected: [String]) throws {
        #expect(try imported(text).notes == expected)
    }

    @Test func settingsOfOneKindAreToldTogether() throws {
        let text =
            "[global]\nrundir=/r\nstats_connection_ttl=1\n[runner]\nservices=a,b\nzurl_bin=zurl\n[handler]\npush_in_spec=x\nproxy_stats_spec=y\n"
        #expect(
            try imported(text).notes == [
                "pushpin.conf: rundir (line 2), services (line 5), zurl_bin (line 6), proxy_stats_spec (line 9): "
                    + "of Pushpin's own processes, of which there is one here",
                "pushpin.conf: stats_connection_ttl (line 3): of the statistics that Pushpin sends; here there is /metrics, on the control API",
                "pushpin.conf: push_in_spec (line 8): of publishing over ZeroMQ; here messages are published over HTTP",
            ])
    }

    @Test(arguments: [
        ("[runner]\nhttp_port=web", "http_port: expected a port such as 7999, or an address and a port such as 127.0.0.1:7999, found \"web\""),
        ("[runner]\nhttp_port=65536", "http_port: expected a port such as 7999, or an address and a port such as 127.0.0.1:7999, found \"65536\""),
        ("[runner]\nhttps_ports=1,x:", "https_ports: expected a port such as 7999, or an address and a port such as 127.0.0.1:7999, found \"x:\""),
        ("[runner]\nclient_maxconn=0", "client_maxconn: expected a whole number from 1 to 100000000, found \"0\""),
        ("[runner]\nclient_buffer_size=255", "client_buffer_size: expected a whole number from 256 to 1073741824, found \"255\""),
        ("[runner]\nallow_compression=yes", "allow_compression: expected true or false, found \"yes\""),
        ("[runner]\nlog_level=loud", "log_level: expected a level such as 2, or levels of processes such as 2,proxy:3, found \"loud\""),
        ("[runner]\nlog_level=-1", "log_level: expected a level such as 2, or levels of processes such as 2,proxy:3, found \"-1\""),
        ("[runner]\nlog_level=:3", "log_level: expected a level such as 2, or levels of processes such as 2,proxy:3, found \":3\""),
        ("[proxy]\ndebug=2", "debug: expected true or false, found \"2\""),
        ("[proxy]\nset_x_forwarded_protocol=always", "set_x_forwarded_protocol: expected true, false or proto-only, found \"always\""),
        ("[handler]\npush_in_http_port=x", "push_in_http_port: expected a whole number from 0 to 65535, found \"x\""),
        ("[handler]\npush_in_http_port=65535\n[global]\nport_offset=1", "push_in_http_port: with port_offset it is 65536, beyond 65535"),
        ("[global]\nport_offset=-1", "port_offset: expected a whole number from 0 to 65535, found \"-1\""),
        ("[handler]\nmessage_wait=5s", "message_wait: expected a whole number from 0 to 3600000, found \"5s\""),
        ("[handler]\nconnection_subscription_max=-1", "connection_subscription_max: expected a whole number from 0 to 1000000, found \"-1\""),
        ("[handler]\npush_in_http_max_body_size=0", "push_in_http_max_body_size: expected a whole number from 1 to 1073741824, found \"0\""),
    ])
    func whatIsWrongIsToldWithItsLine(text: String, message: String) {
        #expect(faults { _ = try imported(text) }.map(\.description) == ["pushpin.conf:2: \(message)"])
    }

    @Test func faultsOfBothFilesAreToldAtOnce() throws {
        var root = ConfigurationNode.empty
        let conf = try PushpinConf.parse("[runner]\nhttp_port=x\nlog_level=y", file: "pushpin.conf")
        let routes = try PushpinRoutes.parse("* nowhere", file: "routes")
        let found = faults { _ = try PushpinImport.apply(routes: routes, conf: conf, to: &root) }
        #expect(found.map(\.source) == [.file("pushpin.conf", line: 2), .file("pushpin.conf", line: 3), .file("routes", line: 1)])
        #expect(root.flat.isEmpty)
    }
}
