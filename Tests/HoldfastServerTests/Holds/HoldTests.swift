// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import HoldfastServer

/// Requests that the app has held.
@Suite struct HoldTests {
    /// An app that holds what is asked for, by the headers that the path names.
    private static let fields: [String: [String]] = [
        "/response": ["grip-hold: response", "grip-channel: c", "x-kept: yes", "x-changed: old"],
        "/stream": ["grip-hold: stream", "grip-channel: c", "content-type: text/plain"],
        "/short": ["grip-hold: response", "grip-channel: c", "grip-timeout: 1"],
        "/alive": ["grip-hold: stream", "grip-channel: c", "grip-keep-alive: tick\\n; format=cstring; timeout=1"],
        "/gone": ["grip-hold: stream", "grip-channel: c", "grip-link: </left>; rel=gone"],
        "/bad": ["grip-hold: maybe", "grip-channel: c"],
        "/status": ["grip-status: 202 Fine", "x-a: b"],
        "/joined": ["grip-link: </part/2>; rel=next"],
        "/part/2": ["grip-link: </part/3>; rel=next"],
    ]

    private static func app() -> ScriptedApp {
        ScriptedApp { exchange in
            let body = try await exchange.body()
            switch exchange.path {
            case "/document":
                let document = "{\"hold\":{\"mode\":\"response\",\"channels\":[{\"name\":\"c\"}]},\"response\":{\"body\":\"late\"}}"
                try await exchange.answer("200 OK", ["content-type: application/grip-instruct"], document)
            case "/large":
                try await exchange.answer("200 OK", ["grip-hold: response", "grip-channel: c"], String(repeating: "x", count: 100_001))
            default: try await exchange.answer("200 OK", Self.fields[exchange.path] ?? [], "<\(exchange.path)\(body.isEmpty ? "" : " ")\(body)>")
            }
        }
    }

    @Test func publicationAnswersAHeldRequest() async throws {
        try await ProxyStage.running(Self.app()) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/response")
            try await stage.waitUntilHeld()
            #expect(client.text.isEmpty)
            try await stage.publish("\"http-response\":{\"code\":201,\"headers\":{\"X-Changed\":\"new\"},\"body\":\"hello\"}")
            try await client.wait(for: "\r\n\r\nhello")
            #expect(client.text.hasPrefix("HTTP/1.1 201 Created\r\n"))
            let text = client.text.lowercased()
            for field in ["x-kept: yes", "x-changed: new", "content-length: 5"] { #expect(text.contains("\(field)\r\n"), "\(field)") }
            #expect(!text.contains("grip-") && !text.contains("old"))
            #expect(try await stage.held() == 0)
            #expect(try await stage.ended(.held) == 1)
            // The connection is good for more.
            try await client.get("/plain")
            try await client.wait(for: "</plain>")
        }
    }

    @Test func documentInTheBodyHoldsToo() async throws {
        try await ProxyStage.running(Self.app()) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/document")
            try await stage.waitUntilHeld()
            try await stage.publish("\"http-response\":{\"body\":\"now\"}")
            try await client.wait(for: "\r\n\r\nnow")
        }
    }

    @Test func heldAnswerGoesOutWhenNothingComes() async throws {
        try await ProxyStage.running(Self.app()) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/short")
            try await client.wait(for: "</short>")
            #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(try await stage.held() == 0)
        }
    }

    @Test(arguments: ["1.1", "1.0"]) func publicationsAreAppendedToAStream(version: String) async throws {
        try await ProxyStage.running(Self.app()) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("GET /stream HTTP/\(version)\r\nHost: test\r\n\r\n")
            try await client.wait(for: "</stream>")
            try await stage.waitUntilHeld()
            #expect(!client.text.contains("content-length") && client.text.contains("content-type: text/plain\r\n"))
            for word in ["one", "two", "three"] { try await stage.publish("\"http-stream\":{\"content\":\"[\(word)]\"}") }
            try await client.wait(for: "[three]")
            let order = client.text.matches(of: /\[(\w+)\]/).map { String($0.1) }
            #expect(order == ["one", "two", "three"])
            try await stage.publish("\"http-stream\":{\"action\":\"close\"}")
            guard version == "1.1" else {
                try await client.waitForClose()
                #expect(client.text.hasSuffix("</stream>[one][two][three]"))
                return
            }
            try await client.wait(for: "[three]\r\n0\r\n\r\n")
            #expect(try await stage.held() == 0)
            try await client.get("/plain")
            try await client.wait(for: "</plain>")
        }
    }

    @Test func streamIsKeptAlive() async throws {
        try await ProxyStage.running(Self.app()) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/alive")
            try await client.wait(for: "5\r\ntick\n\r\n")
            try await client.wait(for: "5\r\ntick\n\r\n5\r\ntick\n\r\n")
        }
    }

    @Test func interestEndsWithTheClient() async throws {
        let broker = RecordingBroker()
        let app = Self.app()
        try await ProxyStage.running(app, broker: broker) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/gone")
            try await stage.waitUntilHeld()
            let channel = try #require(ChannelName("c"))
            #expect(broker.notes.contains(.began(channel)))
            try await client.drop()
            try await eventually("nobody is interested") { broker.notes.contains(.ended(channel)) }
            try await eventually("the app is told") { app.heads.contains { $0.method == .POST && $0.uri == "/left" } }
            #expect(try await stage.held() == 0)
            #expect(try await stage.ended(.clientGone) == 1)
        }
    }

    @Test(arguments: ["/bad", "/large"]) func badInstructionsAreABadGateway(path: String) async throws {
        for debug in [false, true] {
            try await ProxyStage.running(Self.app(), adjust: { $0.grip.debug = debug }) { stage in
                let client = try await HTTPProbe.connect(port: stage.port)
                try await client.get(path)
                try await client.wait(for: "\r\n\r\n")
                #expect(client.text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
                #expect(client.text.hasSuffix("Error while proxying to origin.\n") != debug)
                #expect(try await stage.ended(.instructions) == 1)
                #expect(try await stage.held() == 0)
            }
        }
    }

    @Test func otherInstructionsAreCarriedOut() async throws {
        try await ProxyStage.running(Self.app()) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/status")
            try await client.wait(for: "</status>")
            #expect(client.text.hasPrefix("HTTP/1.1 202 Fine\r\n") && client.text.contains("x-a: b\r\n"))
            try await client.get("/joined")
            try await client.wait(for: "0\r\n\r\n")
            try await client.wait(for: "</part/3>")
            let order = client.text.matches(of: /<(\/[a-z0-9\/]+)>/).map { String($0.1) }
            #expect(order == ["/status", "/joined", "/part/2", "/part/3"])
        }
    }

    @Test func hintHasTheRequestMadeAgain() async throws {
        let app = ScriptedApp { exchange in
            let body = try await exchange.body()
            let isAgain = exchange.head.headers.contains(name: "grip-last")
            try await exchange.answer("200 OK", isAgain ? [] : ["grip-hold: response", "grip-channel: c; prev-id=7"], "<\(body)>")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("POST /x?y HTTP/1.1\r\nHost: test\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
            try await stage.waitUntilHeld()
            try await stage.publish("\"prev-id\":\"8\",\"id\":\"9\",\"http-response\":{\"body\":\"missed\"}")
            try await client.wait(for: "<body>")
            #expect(!client.text.contains("missed"))
            let again = try #require(app.heads.last)
            #expect(app.heads.count == 2 && again.uri == "/x?y" && again.method == .POST && again.headers["x-own"] == ["1"])
            #expect(again.headers["grip-last"] == ["c; last-id=7"])
            #expect(try await stage.held() == 0)
        }
    }

    @Test func clientThatDoesNotReadItsStreamIsCutOff() async throws {
        try await ProxyStage.running(Self.app(), adjust: { $0.limits.sendQueueBytes = 256 << 10 }) { stage in
            let client = try await HTTPProbe.connect(port: stage.port, reading: false)
            try await client.get("/stream")
            try await stage.waitUntilHeld()
            let content = String(repeating: "x", count: 200_000)
            try await eventually("it is given up", within: .seconds(30)) {
                try await stage.publish("\"http-stream\":{\"content\":\"\(content)\"}")
                return try await stage.held() == 0
            }
            #expect(try await stage.metric("holdfast_slow_readers_total{route=\"default\",action=\"close\"}") == 1)
            #expect(try await stage.ended(.slow) == 1)
            try await client.startReading()
            try await client.waitForClose()
            #expect(!client.text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func drainSendsWhatIsHeld() async throws {
        let app = Self.app()
        try await app.running { url in
            let (probes, told) = AsyncStream.makeStream(of: HTTPProbe.self)
            async let ran: Void = RunningGateway.running(url, adjust: { ProxyStage.adjust(&$0) { _ in } }) { gateway in
                for path in ["/response", "/stream"] {
                    let client = try await HTTPProbe.connect(port: gateway.port)
                    try await client.get(path)
                    told.yield(client)
                }
                try await ProxyStage(app: app, gateway: gateway).waitUntilHeld(2)
            }
            var iterator = probes.makeAsyncIterator()
            let response = try #require(await iterator.next())
            let stream = try #require(await iterator.next())
            try await response.waitForClose()
            try await stream.waitForClose()
            #expect(response.text.hasPrefix("HTTP/1.1 200 OK\r\n") && response.text.hasSuffix("</response>"))
            #expect(response.text.contains("connection: close\r\n"))
            #expect(stream.text.hasSuffix("</stream>\r\n0\r\n\r\n"), "an end, not a break")
            try await ran
        }
    }

    /// A GRIP proxy before this one gets the instructions.
    @Test(arguments: [true, false]) func instructionsPassThrough(noGrip: Bool) async throws {
        let key = try GripKey("a key that is long enough for everybody")
        let token = try await TokenSigner(key, issuer: "front", setting: "test").sign(at: Int(WallClock.seconds))
        let app = Self.app()
        try await ProxyStage.running(app, adjust: { if noGrip { $0.grip.noGrip = true } else { $0.grip.upstreamKey = key } }) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/response", ["Grip-Sig: \(token)"])
            try await client.wait(for: "</response>")
            #expect(client.text.contains("grip-hold: response\r\n"))
            #expect(app.heads.first?.headers["grip-sig"] == (noGrip ? [] : [token]))
            #expect(app.heads.first?.headers["grip-feature"] == [])
            #expect(try await stage.ended(.answered) == 1)
            guard !noGrip else { return }
            // Whoever has no good token is an ordinary client.
            let other = try await HTTPProbe.connect(port: stage.port)
            try await other.get("/response", ["Grip-Sig: \(token)x"])
            try await stage.waitUntilHeld()
            #expect(app.heads.last?.headers["grip-sig"] == [])
        }
    }
}
