// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct GatewayConfigurationTLSTests {
    private static let target = "routes[0].target = http://localhost:3000/hook"
    private static let pair = ["tls.certificateFile = a.pem", "tls.keyFile = a.key"]

    private func read(_ lines: String...) throws -> GatewayConfiguration { try GatewayConfiguration.read(.written([Self.target] + lines)) }

    // MARK: Good

    @Test("Without a certificate clients connect by ws, with one by wss")
    func certificate() throws {
        let without = try read()
        #expect(without.tls == nil && without.controlTLS == nil && without.controlClientCaFile == nil)
        #expect(without.listen.map(without.isTLS) == [false])
        let with = try read(Self.pair[0], Self.pair[1])
        #expect(with.tls == TLSFiles(certificateFile: "a.pem", keyFile: "a.key"))
        #expect(with.listen.map(with.isTLS) == [true])
        #expect(with.controlTLS == nil, "the control API has a certificate of its own, or none")
    }

    @Test("Addresses with and without TLS stand side by side")
    func addresses() throws {
        let with = try read(Self.pair[0], Self.pair[1], "listen[0] = wss://:8443", "listen[1] = ws://127.0.0.1:8080", "listen[2] = :9000")
        #expect(with.listen.map(\.description) == ["wss://:8443", "ws://127.0.0.1:8080", ":9000"])
        #expect(with.listen.map(with.isTLS) == [true, false, true])
        let without = try read("listen[0] = ws://:8080", "listen[1] = :9000")
        #expect(without.listen.map(without.isTLS) == [false, false])
        #expect(try read(Self.pair[0], Self.pair[1], "listen = ws://:80").listen == [ListenAddress(HostPort(host: "", port: 80), scheme: .ws)])
    }

    @Test("The control API has TLS of its own, and may ask its clients for a certificate")
    func control() throws {
        let own = try read("control.tls.certificateFile = c.pem", "control.tls.keyFile = c.key")
        #expect(own.controlTLS == TLSFiles(certificateFile: "c.pem", keyFile: "c.key"))
        #expect(own.controlClientCaFile == nil)
        #expect(own.tls == nil)
        let asking = try read("control.tls.certificateFile = c.pem", "control.tls.keyFile = c.key", "control.tls.clientCaFile = ca.pem")
        #expect(asking.controlClientCaFile == "ca.pem")
    }

    @Test("Pairs are equal when both files are")
    func files() {
        let pair = TLSFiles(certificateFile: "a", keyFile: "b")
        #expect(pair == TLSFiles(certificateFile: "a", keyFile: "b"))
        #expect(pair != TLSFiles(certificateFile: "b", keyFile: "b"))
        #expect(pair != TLSFiles(certificateFile: "a", keyFile: "a"))
    }

    // MARK: Faults

    private static let needsKey = "needs keyFile beside it: the certificate's private key, in PEM"
    private static let needsCertificate = "needs certificateFile beside it: the key's certificate, in PEM"
    private static let needsPair = "needs a certificate: set tls.certificateFile and tls.keyFile"
    private static let needsOwn = "needs a certificate of the control API's own: set certificateFile and keyFile beside it"
    private static let empty = "expected a text that is not empty, found \"\""

    @Test("What is wrong with TLS is told once, where it is wrong", arguments: faulty)
    func faults(_ lines: [String], _ expected: [String]) {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written([Self.target] + lines)) }
        #expect(faults?.problems.map(\.description) == expected)
    }

    private static let faulty: [([String], [String])] = [
        // Half a pair.
        ([pair[0]], ["test.yaml:2: tls.certificateFile: \(needsKey)"]),
        ([pair[1]], ["test.yaml:2: tls.keyFile: \(needsCertificate)"]),
        (["control.tls.certificateFile = a"], ["test.yaml:2: control.tls.certificateFile: \(needsKey)"]),
        (["control.tls.keyFile = a"], ["test.yaml:2: control.tls.keyFile: \(needsCertificate)"]),
        (
            [pair[0], "control.tls.keyFile = a"],
            ["test.yaml:2: tls.certificateFile: \(needsKey)", "test.yaml:3: control.tls.keyFile: \(needsCertificate)"]
        ),
        // A half that is wrong is no further fault.
        ([pair[0], "tls.keyFile ="], ["test.yaml:3: tls.keyFile: \(empty)"]),
        ([pair[1], "tls.certificateFile ="], ["test.yaml:3: tls.certificateFile: \(empty)"]),
        (["tls.certificateFile =", "tls.keyFile ="], ["test.yaml:2: tls.certificateFile: \(empty)", "test.yaml:3: tls.keyFile: \(empty)"]),
        ([pair[0], "tls.keyFile[0] = a.key"], ["test.yaml:3: tls.keyFile: expected a text that is not empty"]),
        (["tls = on"], ["test.yaml:2: tls: expected a map of keys and values"]),
        (["control.tls = on"], ["test.yaml:2: control.tls: expected a map of keys and values"]),
        // wss without a certificate: for the first address that demands it.
        (["listen = wss://:8443"], ["test.yaml:2: listen: wss://:8443 \(needsPair)"]),
        (["listen[0] = :80", "listen[1] = wss://:1", "listen[2] = wss://:2"], ["test.yaml:2: listen: wss://:1 \(needsPair)"]),
        (["listen = wss://:1", "control.tls.certificateFile = a", "control.tls.keyFile = b"], ["test.yaml:2: listen: wss://:1 \(needsPair)"]),
        (["listen = wss://:1", pair[0]], ["test.yaml:3: tls.certificateFile: \(needsKey)"]),
        (["listen = wss://:1", "tls = on"], ["test.yaml:3: tls: expected a map of keys and values"]),
        // Addresses that are none.
        (["listen = http://:80"], ["test.yaml:2: listen: \(ListenAddress.rule), found \"http://:80\""]),
        (["listen[0] = ws://:80", "listen[1] = wss://"], ["test.yaml:3: listen[1]: \(ListenAddress.rule), found \"wss://\""]),
        (["control.listen = https://127.0.0.1:81"], ["test.yaml:2: control.listen: \(HostPort.rule), found \"https://127.0.0.1:81\""]),
        // Clients' certificates need one of our own.
        (["control.tls.clientCaFile = ca"], ["test.yaml:2: control.tls.clientCaFile: \(needsOwn)"]),
        ([pair[0], pair[1], "control.tls.clientCaFile = ca"], ["test.yaml:4: control.tls.clientCaFile: \(needsOwn)"]),
        (["control.tls.certificateFile = a", "control.tls.clientCaFile = ca"], ["test.yaml:2: control.tls.certificateFile: \(needsKey)"]),
        (
            ["control.tls.certificateFile = a", "control.tls.keyFile = b", "control.tls.clientCaFile ="],
            ["test.yaml:4: control.tls.clientCaFile: \(empty)"]
        ),
        // Keys that are not there.
        (["tls.clientCaFile = ca"], ["test.yaml:2: tls.clientCaFile: unknown key; accepted here: certificateFile, keyFile"]),
        (
            ["tls.keyfile = a", pair[0]],
            ["test.yaml:3: tls.certificateFile: \(needsKey)", "test.yaml:2: tls.keyfile: unknown key; did you mean \"keyFile\"?"]
        ),
        (["control.tls.clientCAFile = ca"], ["test.yaml:2: control.tls.clientCAFile: unknown key; did you mean \"clientCaFile\"?"]),
        (["control.tls.x = ca"], ["test.yaml:2: control.tls.x: unknown key; accepted here: certificateFile, clientCaFile, keyFile"]),
        (["routes[0].tls.keyFile = a"], ["test.yaml:2: routes[0].tls: unknown key; accepted here: \(routeKeys)"]),
    ]

    private static let routeKeys = [
        "autoPong", "compression", "dial", "dialect", "events", "forwardHeaders", "grip", "host", "idleTimeout", "maxAnswerBytes", "maxChannels",
        "maxLifetime", "maxMessageBytes",
        "maxStateBytes", "name", "origins", "path", "pingInterval", "pongTimeout", "queueBytes", "queueEvents", "secret", "sendQueueBytes",
        "slip", "slowReader", "target", "unsocket", "webhook", "wsaas", "wsify",
    ].joined(separator: ", ")
}
