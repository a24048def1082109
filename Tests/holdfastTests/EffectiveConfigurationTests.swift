// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import Testing

@testable import holdfast

/// What `holdfast check` prints is a file that can be served from.
@Suite struct EffectiveConfigurationTests {
    private func read(_ yaml: String) throws -> GatewayConfiguration {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString).yaml").path
        try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try GatewayConfiguration.read(try ConfigurationFile.read(path))
    }

    @Test(arguments: [
        "routes:\n  - target: http://localhost:3000/hook\n",
        """
        node: eu-2
        threads: 3
        listen: ["wss://:8443", "ws://[::1]:80", ":81"]
        tls: { certificateFile: /etc/tls/own.pem, keyFile: /etc/tls/own.key }
        control:
          listen: "[::1]:9000"
          tls: { certificateFile: control.pem, keyFile: control.key, clientCaFile: ca.pem }
        log: { level: debug, format: json, color: never }
        drain: { deadline: 1m, spread: 1500ms }
        maxConnections: 1000
        maxConnectionsPerAddress: 20
        connectRatePerAddress: 30/1m
        maxHeadBytes: 8KiB
        handshakeTimeout: 250ms
        compression: { threshold: 1KiB, level: 6 }
        routes:
          - path: /a/*
            target: https://a.test/hook
            origins: ["https://example.com", "*.two.example"]
            forwardHeaders: [Cookie, X-User]
            events: [open, ping]
            idleTimeout: 7m
            compression: { contextTakeover: true, windowBits: 15 }
            webhook: { retries: 0, onFailure: drop, caFile: /etc/ca.pem }
          - path: /b
            name: b
            target: http://b.test/
            dialect: wsaas
            pingInterval: off
            compression: { enabled: false }
            wsaas: { localAddress: "http://push.test:1", timeout: 5 }
          - path: /c
            name: c
            target: http://c.test/
            dialect: slip
            slip: { batches: true }
          - path: /d
            name: d
            target: http://d.test/
            dialect: slip
            slip: { extended: false }
        """,
        """
        control: { token: abc, issuer: 'the "publisher"' }
        grip: { channelPrefix: eu-, messageWait: 250ms, subscribe: [news, "a \\"b\\""] }
        routes:
          - host: A.example.com
            path: /chat*
            target: http://a.test:8000/app
            dialect: grip
            autoPong: false
            events: [open, message, close, ping, pong]
            grip:
              sigIss: "it's: #1"
              replacePrefix: ""
              host: app.test:8000
              setHeaders: ["X-Env: test ", "Cookie:", 'X-Path: C:\\x "y" # z']
              xForwardedFor: truncate:1,append
              xForwardedProto: false
              acceptXForwardedProto: true
              cdnLoop: "!#$%&'*+-.^_`|~1"
              originHeaders: true
              subscribe: []
              noGrip: true
              debug: true
              crossOrigin: true
          - host: b.example.com
            path: /chat*
            target: http://b.test
            dialect: grip
          - path: /chat*
            target: http://c.test
            dialect: grip
        """,
        """
        dialect: wsify
        routes:
          - path: /three
            wsify: { broadcastPath: /a, acks: true, identity: true, disconnect: true, targets: true }
          - path: /two
            target: http://a.test/
            wsify: { version: v2, broadcastPath: /b, events: [connect, unsubscribe] }
          - path: /none
            wsify: { version: v2, events: [] }
        """,
        """
        maxConnectionsPerAddress: off
        connectRatePerAddress: off
        control: { tls: { certificateFile: c.pem, keyFile: c.key } }
        target: http://h.test/
        routes: [{ path: /x }, { path: /y, compression: { threshold: 0, windowBits: 9 } }]
        """,
    ])
    func readBackItIsTheSame(yaml: String) throws {
        let configuration = try read(yaml)
        let back = try read(configuration.effective)
        var expected = configuration
        // What is secret is not told, nor set by what is told, nor is what would need it.
        expected.controlToken = nil
        expected.controlIssuer = nil
        #expect(back == expected)
        #expect(try read(back.effective) == back)
    }

    @Test(arguments: ["/etc/my certificates/own.pem", "/etc/tls/a #1.pem", "/etc/tls/a: b.pem", "C:\\tls\\own.pem", "'own'.pem", "* own.pem"])
    func pathsOfFilesAreReadBackAsTheyWereWritten(path: String) throws {
        var root = ConfigurationNode.empty
        root.set(["target"], ConfigurationNode(.scalar("http://a.test/"), source: .none))
        root.set(["routes"], ConfigurationNode(.list([.empty]), source: .none))
        for key in [["tls", "certificateFile"], ["tls", "keyFile"]] { root.set(key, ConfigurationNode(.scalar(path), source: .none)) }
        let configuration = try GatewayConfiguration.read(root)
        #expect(try read(configuration.effective) == configuration)
    }

    @Test(arguments: ["0.5ms", "1.0005s", "0.00001h"])
    func timesAreReadBackAsTheyWereWritten(time: String) throws {
        let configuration = try read("handshakeTimeout: \(time)\nconnectRatePerAddress: 5/\(time)\nroutes: [{ target: \"http://a.test/\" }]\n")
        #expect(try read(configuration.effective) == configuration)
    }
}
