// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct GatewayConfigurationEffectiveTests {
    @Test("The whole configuration is told, with its defaults")
    func defaults() throws {
        let read = try GatewayConfiguration.read(.written("routes[0].target = http://localhost:3000/hook"))
        #expect(
            read.effective == """
                node: n1
                # threads: one per core
                listen: [":8080"]
                # tls: none
                control:
                  listen: "127.0.0.1:8081"
                  # token: none
                  # issuer: any
                  # tls: none
                broker: memory
                log: { level: info, format: auto, color: auto }
                drain: { deadline: 30s, spread: 2s }
                # maxConnections: from the limit of open files
                maxConnectionsPerAddress: off
                connectRatePerAddress: off
                maxHeadBytes: 16384
                handshakeTimeout: 10s
                routes:
                  - name: default
                    path: "/*"
                    # host: any
                    dialect: json
                    target: http://localhost:3000/hook
                    # secret: none
                    # origins: any
                    forwardHeaders: []
                    events: [open, message, close]
                    maxMessageBytes: 1048576
                    maxAnswerBytes: 4194304
                    queueEvents: 64
                    queueBytes: 1048576
                    sendQueueBytes: 1048576
                    slowReader: close
                    maxChannels: 128
                    maxStateBytes: 4096
                    pingInterval: 25s
                    autoPong: true
                    pongTimeout: 20s
                    idleTimeout: off
                    maxLifetime: off
                    compression:
                      enabled: true
                      threshold: 256
                      level: 1
                      contextTakeover: false
                      windowBits: 12
                    webhook:
                      timeout: 10s
                      retries: 2
                      onFailure: close
                      concurrency: 256
                      queue: 1024
                      closeBudget: 60s
                      # caFile: the system's
                    dial:
                      # allow: any host
                      denyPrivate: true
                      timeout: 10s
                      # caFile: the system's
                      proxies: true
                      reconnect:
                        firstDelay: 1s
                        maxDelay: 60s
                        maxFailures: off
                        settledAfter: 10s

                """)
    }

    @Test("What was set is told, a wsaas route with its own settings")
    func set() throws {
        let read = try GatewayConfiguration.read(
            .written(
                "routes[0].target = http://h/", "routes[0].dialect = wsaas", "routes[0].origins[0] = https://example.com",
                "routes[0].origins[1] = *.two.example",
                "forwardHeaders[0] = Cookie", "routes[0].events[0] = ping", "routes[0].events[1] = open", "routes[0].pingInterval = 1500ms",
                "threads = 2",
                "maxConnections = 9", "listen[0] = [::1]:80", "listen[1] = :81", "routes[0].wsaas.timeout = 5"))
        let lines = read.effective.split(separator: "\n").map { $0.drop { $0 == " " } }
        for line in [
            "threads: 2", "maxConnections: 9", "listen: [\"[::1]:80\", \":81\"]", "dialect: wsaas",
            "origins: [\"https://example.com\", \"*.two.example\"]",
            "# forwardHeaders: [cookie]", "events: [open, ping]", "pingInterval: 1500ms", "wsaas:", "localAddress: http://localhost:8081",
            "timeout: 5",
            "textContentType: application/json", "answersWithStatus: false",
        ] {
            #expect(lines.contains(line[...]), "\(line)")
        }
    }

    @Test("TLS, compression and the limits per address are told as they were set")
    func secured() throws {
        let read = try GatewayConfiguration.read(
            .written(
                "routes[0].target = http://h/", "listen[0] = wss://:8443", "listen[1] = ws://[::1]:80", "tls.certificateFile = /own.pem",
                "tls.keyFile = /own.key", "control.tls.certificateFile = /control.pem", "control.tls.keyFile = /control.key",
                "control.tls.clientCaFile = /ca.pem", "compression.enabled = false", "compression.threshold = 1KiB", "compression.level = 9",
                "compression.contextTakeover = true", "compression.windowBits = 15", "maxConnectionsPerAddress = 5", "connectRatePerAddress = 30/1m"))
        let text = read.effective
        for lines in [
            "\nlisten: [\"wss://:8443\", \"ws://[::1]:80\"]\n", "\ntls:\n  certificateFile: \"/own.pem\"\n  keyFile: \"/own.key\"\ncontrol:\n",
            "\n  # token: none\n  # issuer: any\n  tls:\n    certificateFile: \"/control.pem\"\n    keyFile: \"/control.key\"\n    clientCaFile: \"/ca.pem\"\nbroker:",
            "\n    compression:\n      enabled: false\n      threshold: 1024\n      level: 9\n      contextTakeover: true\n      windowBits: 15\n    webhook:",
            "\nmaxConnectionsPerAddress: 5\nconnectRatePerAddress: 30/60s\n",
        ] {
            #expect(text.contains(lines), "\(lines)")
        }
    }

    @Test("No secret is told: neither the token, nor a route's secrets, nor the password in a broker's URL")
    func secrets() throws {
        let read = try GatewayConfiguration.read(
            .written(
                "control.token = hunter1", "secret = whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "broker = nats://user:hunter2@nats.example.com:4222",
                "routes[0].path = /a", "routes[0].target = http://h/", "routes[1].path = /b", "routes[1].target = http://h/",
                "routes[1].secret[0] = whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "routes[1].secret[1] = whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let text = read.effective
        #expect(!text.contains("hunter"))
        #expect(!text.contains("whsec_") && !text.contains("fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(text.contains("token: (hidden)"))
        #expect(text.contains("secret: [(hidden)]"))
        #expect(text.contains("secret: [(hidden), (hidden)]"))
        #expect(text.contains("broker: nats://(hidden)@nats.example.com:4222"))
    }
}
