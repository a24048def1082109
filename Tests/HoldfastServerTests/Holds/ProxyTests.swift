// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastTesting
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import HoldfastServer

/// Plain requests, to the app and back.
@Suite struct ProxyTests {
    @Test func requestGoesToTheAppAndItsAnswerComesBack() async throws {
        let app = ScriptedApp { exchange in
            let body = try await exchange.body()
            try await exchange.answer(
                "201 Created", ["x-method: \(exchange.head.method)", "set-cookie: a=1", "set-cookie: b=2"], "\(exchange.path) \(body)")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("POST /some/path?a=%20b&c HTTP/1.1\r\nHost: test\r\nX-Own: yes\r\nContent-Length: 5\r\n\r\nhello")
            try await client.wait(for: "/some/path?a=%20b&c hello")
            #expect(client.text.hasPrefix("HTTP/1.1 201 Created\r\n"))
            for field in ["x-method: POST", "set-cookie: a=1\r\nset-cookie: b=2", "content-length: 25"] {
                #expect(client.text.contains("\(field)\r\n"))
            }
            #expect(!client.text.contains("chunked") && !client.text.contains("connection: close"))
            let head = try #require(app.heads.first)
            #expect(head.headers["x-own"] == ["yes"])
            #expect(head.headers["content-length"] == ["5"])
            #expect(head.headers["host"].count == 1)
            #expect(head.headers["grip-feature"] == [ProxyHeaders.gripFeature])
            try await eventually("it is counted") { try await stage.ended(.answered) == 1 }
        }
    }

    @Test func connectionIsUsedAgain() async throws {
        let app = ScriptedApp { try await $0.answer(body: $0.path) }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            for number in 1...20 {
                try await client.get("/\(number)")
                try await client.wait(for: "\r\n\r\n/\(number)")
            }
            #expect(!client.isClosed)
            #expect(app.heads.count == 20)
            #expect(app.connections < 20, "the app's connections are used again, too")
        }
    }

    /// Later requests wait for earlier answers, however slow these are, and are not lost.
    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let app = ScriptedApp { exchange in
            let body = try await exchange.body()
            if exchange.path == "/1" { for _ in 0..<10_000 { await Task.yield() } }
            try await exchange.answer(body: "<\(exchange.path) \(body)>")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            var burst = ""
            for number in 1...30 {
                burst +=
                    number % 2 == 1
                    ? "GET /\(number) HTTP/1.1\r\nHost: test\r\n\r\n" : "POST /\(number) HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc"
            }
            try await client.send(burst)
            try await client.wait(for: "</30 abc>")
            let order = client.text.matches(of: /<\/(\d+) (abc)?>/).compactMap { Int($0.1) }
            #expect(order == Array(1...30))
        }
    }

    @Test func chunkedAnswerStaysChunked() async throws {
        let (steps, go) = AsyncStream.makeStream(of: Void.self)
        let app = ScriptedApp { exchange in
            try await exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            for await _ in steps { break }
            try await exchange.write("6\r\nsecond\r\n0\r\n\r\n")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/")
            // The first part comes while the app is still at it.
            try await client.wait(for: "5\r\nfirst\r\n")
            #expect(client.text.contains("transfer-encoding: chunked\r\n"))
            go.yield()
            try await client.wait(for: "6\r\nsecond\r\n0\r\n\r\n")
            #expect(!client.isClosed)
        }
    }

    @Test func answerUntilTheEndOfTheConnectionIsChunkedForTheClient() async throws {
        let app = ScriptedApp { exchange in
            try await exchange.write("HTTP/1.0 200 OK\r\n\r\nall of it")
            throw HangUp()
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/")
            try await client.wait(for: "all of it\r\n0\r\n\r\n")
            #expect(!client.isClosed)
        }
    }

    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n", "content-length: 1234"),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK"),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\ncontent-length: 99\r\n\r\n", "etag: \"x\""),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content"),
    ])
    func answersWithoutBodyEndWithTheirHead(method: String, answer: String, expected: String) async throws {
        let app = ScriptedApp { exchange in
            if exchange.path == "/next" { try await exchange.answer(body: "next") } else { try await exchange.write(answer) }
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/", method: method)
            try await client.wait(for: "\r\n\r\n")
            #expect(client.text.contains("\(expected)\r\n"))
            try await client.get("/next")
            try await client.wait(for: "\r\n\r\nnext")
            #expect(client.text.split(separator: "HTTP/1.1").count == 2)
            #expect(!client.text.contains("0\r\n\r\n") && !client.text.contains("chunked"))
        }
    }

    @Test func clientOfHTTP10GetsNoChunksAndAClosedConnection() async throws {
        let app = ScriptedApp { exchange in
            try await exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")
        }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            try await client.waitForClose()
            #expect(client.text.hasSuffix("\r\n\r\nfirstsecond"))
            #expect(client.text.contains("connection: close\r\n"))
            #expect(!client.wasReset)
        }
    }

    @Test func clientThatWantsToCloseIsClosed() async throws {
        let app = ScriptedApp { try await $0.answer(body: "bye") }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/", ["Connection: close"])
            try await client.waitForClose()
            #expect(client.text.hasSuffix("bye") && client.text.contains("connection: close\r\n"))
        }
    }

    @Test func wholeURLsAsTargetsAreUnderstood() async throws {
        let app = ScriptedApp { try await $0.answer(body: "<\($0.path)>") }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            for (target, path) in [("http://test/a?b", "/a?b"), ("http://test", "/"), ("http://test?x", "/?x"), ("/http://x/", "/http://x/")] {
                try await client.get(target)
                try await client.wait(for: "<\(path)>")
            }
        }
    }

    @Test func expectationIsMetWhenTheAppTakesTheBody() async throws {
        let app = ScriptedApp { try await $0.answer(body: "got \($0.body())") }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            try await client.wait(for: "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("body")
            try await client.wait(for: "got body")
            #expect(client.text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
            #expect(app.heads.first?.headers["expect"] == [])
        }
    }

    @Test func chunkedRequestGoesChunkedToTheApp() async throws {
        let app = ScriptedApp { try await $0.answer(body: "got \($0.body())") }
        try await ProxyStage.running(app) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try await client.send("4\r\ndefg\r\n0\r\n\r\n")
            try await client.wait(for: "got abcdefg")
            #expect(app.heads.first?.headers["transfer-encoding"] == ["chunked"])
            #expect(app.heads.first?.headers["content-length"] == [])
        }
    }

    @Test func crossOriginAnswersAndQuestions() async throws {
        let app = ScriptedApp { try await $0.answer("200 OK", ["x-more: 1", "vary: accept"], "data") }
        try await ProxyStage.running(app, adjust: { $0.grip.crossOrigin = true }) { stage in
            let client = try await HTTPProbe.connect(port: stage.port)
            try await client.get("/", ["Origin: http://page.example"])
            try await client.wait(for: "data")
            for field in [
                "access-control-allow-origin: http://page.example", "access-control-allow-credentials: true", "vary: accept", "vary: Origin",
                "access-control-expose-headers: x-more",
            ] { #expect(client.text.contains("\(field)\r\n"), "\(field)") }
            try await client.get(
                "/", ["Origin: http://page.example", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-a, x-b"],
                method: "OPTIONS")
            try await client.wait(for: "HTTP/1.1 204 No Content\r\n")
            try await client.wait(for: "access-control-allow-methods: PUT\r\n")
            #expect(client.text.contains("access-control-allow-headers: x-a, x-b\r\n"))
            #expect(app.heads.count == 1, "the app is not asked")
        }
    }
}

extension ScriptedApp.Exchange {
    func answer(body: String) async throws { try await answer("200 OK", [], body) }
}
