// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import HoldfastServer

/// What happens when the app, or the client, does not do its part.
@Suite struct ProxyFailureTests {
    private static let apology = "Error while proxying to origin.\n"

    @Test func appThatIsNotThereIsABadGateway() async throws {
        try await RunningGateway.running("http://127.0.0.1:1", adjust: { ProxyStage.adjust(&$0) { _ in } }) { gateway in
            let client = try await HTTPProbe.connect(port: gateway.port)
            try await client.get("/")
            try await client.wait(for: Self.apology)
            #expect(client.text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
            let stage = ProxyStage(app: ScriptedApp { _ in }, gateway: gateway)
            #expect(try await stage.ended(.unreachable) == 1)
            // The connection is still good.
            try await client.get("/")
            try await eventually("a second answer") { client.text.split(separator: "HTTP/1.1 502").count == 2 }
        }
    }

    @Test func causeIsToldWhereTheRouteSaysSo() async throws {
        try await RunningGateway.running("http://127.0.0.1:1", adjust: { ProxyStage.adjust(&$0) { $0.grip.debug = true } }) { gateway in
            let client = try await HTTPProbe.connect(port: gateway.port)
            try await client.get("/")
            try await client.wait(for: "Connection refused")
            #expect(client.text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        }
    }

    @Test(arguments: [
        ("hello, this is no HTTP\r\n\r\n", ProxyOutcome.interrupted), ("HTTP/1.1 200 OK\r\ncontent-le", .interrupted), ("", .interrupted),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", .interrupted),
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", .interrupted),
    ])
    func appThatSpeaksNoHTTPIsABadGateway(bytes: String, outcome: ProxyOutcome) async throws {
        let app = ScriptedApp { exchange in
            try await exchange.write(bytes)
            throw HangUp()
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/")
            try await client.wait(for: Self.apology)
            #expect(client.text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
            #expect(try await stage.ended(outcome) == 1)
        }
    }

    @Test func appThatDoesNotAnswerIsGivenUp() async throws {
        let app = ScriptedApp { await $0.hungUp() }
        try await ProxyStage.running(app, adjust: { $0.webhook.timeout = .milliseconds(300) }) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/")
            try await client.wait(for: Self.apology)
            #expect(try await stage.ended(.timeout) == 1)
        }
    }

    /// A client must not take half an answer for a whole one.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
    ])
    func appThatLeavesInItsAnswerCutsTheClientOff(answer: String) async throws {
        let app = ScriptedApp { exchange in
            try await exchange.write(answer)
            throw HangUp()
        }
        try await ProxyStage.running(app) { stage in
            for version in ["1.1", "1.0"] {
                let client = try await HTTPProbe.connect(port: stage.port)
                try await client.send("GET / HTTP/\(version)\r\nHost: test\r\n\r\n")
                try await client.waitForClose()
                #expect(!client.text.hasSuffix("0\r\n\r\n"))
                // Where the end of the connection means the end of the answer, it must not look like one.
                #expect(client.wasReset || !client.text.contains("\r\n\r\nhalf") || client.text.contains("content-length: 8"))
                #expect(!client.text.contains("502"))
            }
            try await eventually("both are counted") { try await stage.ended(.interrupted) == 2 }
        }
    }

    @Test(arguments: [false, true]) func appHearsThatTheClientLeft(duringAnswer: Bool) async throws {
        let left = Atomic<Bool>(false)
        let app = ScriptedApp { exchange in
            if duringAnswer { try await exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n") }
            await exchange.hungUp()
            left.store(true, ordering: .relaxed)
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/")
            try await eventually("the app is asked") { !app.heads.isEmpty }
            if duringAnswer { try await client.wait(for: "half") }
            if duringAnswer { try await client.drop() } else { try await client.halfClose() }
            try await eventually("the app's connection ends") { left.load(ordering: .relaxed) }
            try await eventually("it is counted") { try await stage.ended(.clientGone) == 1 }
        }
    }

    @Test func clientThatReadsSlowlyHoldsTheAppBack() async throws {
        let total = 256 << 20
        let written = Atomic<Int>(0)
        let app = ScriptedApp { exchange in
            try await exchange.write("HTTP/1.1 200 OK\r\ncontent-length: \(total)\r\n\r\n")
            let part = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 << 10)
            for _ in 0..<(total / part.readableBytes) {
                try await exchange.write(part)
                written.add(part.readableBytes, ordering: .relaxed)
            }
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port, reading: false)
            try await client.get("/big", ["Connection: close"])
            var (before, since) = (-1, ContinuousClock.now)
            // It comes to a stop well before the end: what is under way is in the sockets' buffers.
            try await eventually("the app stands still", within: .seconds(20)) {
                let now = written.load(ordering: .relaxed)
                if now != before { (before, since) = (now, .now) }
                return now > 0 && since.duration(to: .now) > .milliseconds(300)
            }
            #expect(before < total / 2)
            try await client.startReading()
            try await eventually("everything comes", within: .seconds(60)) { client.isClosed }
            #expect(client.count > total)
            #expect(written.load(ordering: .relaxed) == total)
        }
    }

    @Test func appThatReadsSlowlyHoldsTheClientBack() async throws {
        let total = 64 << 20
        let (steps, go) = AsyncStream.makeStream(of: Void.self)
        let app = ScriptedApp { exchange in
            for await _ in steps { break }
            var count = 0
            while let part = await exchange.reader.next() {
                guard case .body(let bytes) = part else { break }
                count += bytes.readableBytes
            }
            try await exchange.answer(body: "got \(count)")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            let sent = Count()
            try await client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: \(total)\r\n\r\n")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let part = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 << 10)
                    for _ in 0..<(total / part.readableBytes) {
                        try await client.send(part)
                        sent.value.add(part.readableBytes, ordering: .relaxed)
                    }
                }
                var (before, since) = (-1, ContinuousClock.now)
                try await eventually("the client stands still", within: .seconds(20)) {
                    let now = sent.value.load(ordering: .relaxed)
                    if now != before { (before, since) = (now, .now) }
                    return now > 0 && since.duration(to: .now) > .milliseconds(300)
                }
                #expect(before < total / 2)
                go.yield()
                try await group.waitForAll()
            }
            try await client.wait(for: "got \(total)")
        }
    }

    @Test func slowBodyIsGivenUp() async throws {
        let app = ScriptedApp { _ = try await $0.body() }
        try await app.running { url in
            try await RunningGateway.running(
                url,
                adjust: { configuration in
                    ProxyStage.adjust(&configuration) { _ in }
                    configuration.handshakeTimeout = .milliseconds(300)
                }
            ) { gateway in
                let client = try await HTTPProbe.connect(port: gateway.port)
                try await client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe")
                try await client.waitForClose()
                #expect(client.text.hasPrefix("HTTP/1.1 408 "))
                #expect(try await ProxyStage(app: app, gateway: gateway).ended(.slow) == 1)
            }
        }
    }

    @Test func idleClientIsClosedWithoutAWord() async throws {
        let app = ScriptedApp { try await $0.answer(body: "ok") }
        try await app.running { url in
            try await RunningGateway.running(
                url,
                adjust: { configuration in
                    ProxyStage.adjust(&configuration) { _ in }
                    configuration.handshakeTimeout = .milliseconds(300)
                }
            ) { gateway in
                let client = try await HTTPProbe.connect(port: gateway.port)
                try await client.get("/")
                try await client.wait(for: "ok")
                try await client.waitForClose()
                #expect(client.text.hasSuffix("\r\n\r\nok"))
                let silent = try await HTTPProbe.connect(port: gateway.port)
                try await silent.waitForClose()
                #expect(silent.text.hasPrefix("HTTP/1.1 408 "))
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405), ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 20 << 10))\r\n\r\n", 431),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: Application/WebSocket-Events; x=y\r\nContent-Length: 6\r\n\r\nOPEN\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n\r\n", 426),
    ])
    func badRequestsAreRefused(bytes: String, status: Int) async throws {
        let app = ScriptedApp { exchange in
            _ = try? await exchange.body()
            try await exchange.answer(body: "the app must not hear of it")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send(bytes)
            try await client.waitForClose()
            #expect(client.text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(client.text.split(separator: "HTTP/1.1 \(status)").count == 1)
        }
    }

    @Test func nonsenseBehindAGoodRequestDoesNotSpoilItsAnswer() async throws {
        let app = ScriptedApp { exchange in
            for _ in 0..<10_000 { await Task.yield() }
            try await exchange.answer(body: "fine")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n\u{1}\u{2}nonsense\r\n\r\n")
            try await client.waitForClose()
            #expect(client.text.contains("\r\n\r\nfineHTTP/1.1 400 "))
        }
    }

    @Test func answerBeforeTheBodysEndClosesTheConnection() async throws {
        let app = ScriptedApp { exchange in
            try await exchange.answer("413 Content Too Large", [], "too much")
            throw HangUp()
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nbeginning")
            try await client.waitForClose()
            #expect(client.text.hasPrefix("HTTP/1.1 413 "))
            #expect(client.text.contains("connection: close\r\n") && client.text.hasSuffix("too much"))
        }
    }

    /// An app may close a kept-alive connection just as a request goes out on it.
    @Test func staleConnectionIsNotTheClientsTrouble() async throws {
        let app = ScriptedApp { exchange in
            try await exchange.answer(body: "<\(exchange.path)>")
            if exchange.path == "/1" {
                _ = await exchange.reader.next()
                // Takes the next request, and closes instead of answering.
                _ = await exchange.reader.next()
                throw HangUp()
            }
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/1")
            try await client.wait(for: "</1>")
            try await client.get("/2")
            try await client.wait(for: "</2>")
            #expect(app.connections == 2)
        }
    }

    @Test func requestUnderWayIsFinishedByADrain() async throws {
        let (steps, go) = AsyncStream.makeStream(of: Void.self)
        let app = ScriptedApp { exchange in
            if exchange.path == "/slow" { for await _ in steps { break } }
            try await exchange.answer(body: "done")
        }
        try await app.running { url in
            let (probes, told) = AsyncStream.makeStream(of: HTTPProbe.self)
            async let ran: Void = RunningGateway.running(url, adjust: { ProxyStage.adjust(&$0) { _ in } }) { gateway in
                let idle = try await HTTPProbe.connect(port: gateway.port)
                try await idle.get("/")
                try await idle.wait(for: "done")
                let busy = try await HTTPProbe.connect(port: gateway.port)
                try await busy.get("/slow")
                try await eventually("the app is asked") { app.heads.count == 2 }
                told.yield(idle)
                told.yield(busy)
            }
            var iterator = probes.makeAsyncIterator()
            let idle = try #require(await iterator.next())
            let busy = try #require(await iterator.next())
            try await idle.waitForClose()
            #expect(idle.text.hasSuffix("done"), "nothing is said to who asks nothing")
            #expect(!busy.isClosed)
            go.yield()
            try await busy.waitForClose()
            #expect(busy.text.hasPrefix("HTTP/1.1 200 ") && busy.text.contains("connection: close\r\n") && busy.text.hasSuffix("done"))
            try await ran
        }
    }
}

private final class Count: Sendable {
    let value = Atomic<Int>(0)
}
