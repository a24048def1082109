// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastTesting
import NIOCore
import Testing

@testable import HoldfastServer

/// Publishing on the public port, beside the clients.
@Suite struct PublishExchangeTests {
    /// Runs a gateway with a client that has joined `c`.
    private func running(
        adjust: @escaping @Sendable (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningGateway, WebSocketProbe) async throws -> Void
    ) async throws {
        try await RunningGateway.running(
            "http://127.0.0.1:1",
            adjust: {
                $0.routes = [RouteConfiguration(name: "default", path: .sample("/ws"), dialect: .wsify, target: nil)]
                $0.routes[0].wsify.broadcastPath = "/broadcast"
                $0.routes[0].wsify.acks = true
                adjust(&$0)
            },
            { gateway in
                let client = try await WebSocketProbe.connect(port: gateway.port, path: "/ws")
                try await client.send(text: "{\"command\":\"join\",\"args\":{\"channel\":\"c\"}}")
                try await eventually("it has joined") { client.texts.count == 1 }
                try await body(gateway, client)
            })
    }

    private func post(_ content: String, _ fields: [String] = [], target: String = "/broadcast", version: String = "1.1") -> String {
        let body = "{\"channel\":\"c\",\"content\":\(content)}"
        let lines = ["POST \(target) HTTP/\(version)", "Host: test", "Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
        return (lines + fields + ["", body]).joined(separator: "\r\n")
    }

    @Test func requestsOnOneConnectionAreAnsweredAndDeliveredInOrder() async throws {
        try await running { gateway, client in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            for number in 1...3 {
                try await publisher.send(post("\(number)"))
                try await eventually("an answer") { publisher.text.components(separatedBy: "HTTP/1.1 201 Created\r\n").count == number + 1 }
            }
            try await publisher.send((4...100).map { post("\($0)") }.joined())
            try await eventually("all answers") { publisher.text.components(separatedBy: "HTTP/1.1 201 Created\r\n").count == 101 }
            try await eventually("all messages") { client.texts.count == 101 }
            #expect(client.texts.dropFirst() == (1...100).map(String.init)[...])
            #expect(publisher.text.components(separatedBy: "holdfast-delivered: 1\r\n").count == 101)
            #expect(publisher.text.components(separatedBy: "access-control-allow-origin: *\r\n").count == 101)
            #expect(!publisher.text.contains("content-type") && !publisher.text.contains("connection: close"))
            #expect(!publisher.isClosed)
        }
    }

    @Test func bodiesInChunksAndBytes() async throws {
        try await running { gateway, client in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            try await publisher.send("POST /broadcast HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for byte in "{\"channel\":\"c\",\"content\":\"é\"}".utf8 {
                try await publisher.send(ByteBuffer(bytes: Array("1\r\n".utf8) + [byte] + Array("\r\n".utf8)))
            }
            try await publisher.send("0\r\n\r\n" + post("2"))
            try await eventually("both came") { client.texts.dropFirst() == ["\"é\"", "2"] }
            #expect(!publisher.isClosed)
        }
    }

    @Test func oldClientsAndThoseWhoLeaveAreClosed() async throws {
        try await running { gateway, client in
            for request in [post("1", version: "1.0"), post("1", ["Connection: close"])] {
                let publisher = try await HTTPProbe.connect(port: gateway.port)
                try await publisher.send(request)
                try await publisher.wait(for: "HTTP/1.1 201 Created\r\n")
                #expect(publisher.text.contains("connection: close\r\n"))
                try await publisher.waitForClose()
            }
            // One that leaves in the middle of its body, and one that does not wait for the answer.
            let early = try await HTTPProbe.connect(port: gateway.port)
            try await early.send(String(post("9").dropLast(5)))
            try await early.drop()
            let hasty = try await HTTPProbe.connect(port: gateway.port)
            try await hasty.send(post("3"))
            try await hasty.drop()
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            try await publisher.send(post("4"))
            try await eventually("the last came") { client.texts.last == "4" }
            #expect(!client.texts.contains("9"))
        }
    }

    @Test func aClientMayUpgradeAfterIt() async throws {
        try await running { gateway, client in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            try await publisher.send(
                post("1")
                    + "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            try await publisher.wait(for: "HTTP/1.1 101 Switching Protocols\r\n")
            #expect(publisher.text.hasPrefix("HTTP/1.1 201 Created\r\n"))
        }
    }

    @Test(arguments: [
        ("GET /broadcast HTTP/1.1\r\nHost: test\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\nallow: POST, OPTIONS\r\n", true),
        ("HEAD /broadcast HTTP/1.1\r\nHost: test\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n", true),
        ("PUT /broadcast HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 405 Method Not Allowed\r\n", true),
        ("POST /broadcast HTTP/1.1\r\nHost: test\r\n\r\n", "HTTP/1.1 415 Unsupported Media Type\r\n", true),
        ("POST /broadcast?key=x HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 403 Forbidden\r\naccess-control", true),
        (
            "POST /broadcast HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{]",
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n", true
        ),
        ("POST /broadcast HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 400 Bad Request\r\n", false),
        ("POST /broadcast HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413 Payload Too Large\r\n", false),
        ("POST /broadcast HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 501 Not Implemented\r\n", false),
        ("POST /broadcast HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 Bad Request\r\n", false),
        ("POST /broadcast/ HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 426 Upgrade Required\r\n", false),
    ])
    func whatIsWrongIsSaid(request: String, answer: String, goesOn: Bool) async throws {
        try await running { gateway, client in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            try await publisher.send(request)
            try await publisher.wait(for: "\r\n\r\n")
            #expect(publisher.text.hasPrefix(answer), "\(publisher.text)")
            guard goesOn else { return }
            try await publisher.send(post("1"))
            try await publisher.wait(for: "HTTP/1.1 201 Created\r\n")
            try await eventually("it came") { client.texts.last == "1" }
        }
    }

    @Test func aBodyThatGrowsTooLargeIsRefused() async throws {
        try await running(adjust: { $0.routes[0].webhook.maxAnswerBytes = 1000 }) { gateway, client in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            let chunk = "100\r\n\(String(repeating: " ", count: 256))\r\n"
            try await publisher.send(
                "POST /broadcast HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: chunk, count: 4))
            try await publisher.wait(for: "HTTP/1.1 413 ")
            #expect(publisher.text.contains("the body is larger than 1000 bytes\n"))
            try await publisher.waitForClose()
            let other = try await HTTPProbe.connect(port: gateway.port)
            try await other.send(post("1"))
            try await eventually("others go on") { client.texts.last == "1" }
        }
    }

    @Test func aBodyThatDoesNotComeIsNotWaitedForLong() async throws {
        try await running(adjust: { $0.handshakeTimeout = .milliseconds(300) }) { gateway, _ in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            try await publisher.send("POST /broadcast HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n{")
            try await publisher.wait(for: "HTTP/1.1 408 ")
            #expect(publisher.text.contains("the request's body did not come in time\n"))
            try await publisher.waitForClose()
        }
    }

    @Test func aClientThatWaitsForLeaveGetsItOrItsAnswer() async throws {
        try await running(adjust: { $0.routes[0].wsify.broadcastingKey = "k" }) { gateway, client in
            let wrong = try await HTTPProbe.connect(port: gateway.port)
            try await wrong.send("POST /broadcast?key=x HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
            try await wrong.wait(for: "\r\n\r\n")
            #expect(wrong.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            try await wrong.waitForClose()
            let right = try await HTTPProbe.connect(port: gateway.port)
            let request = post("1", ["Expect: 100-continue"], target: "/broadcast?key=k").components(separatedBy: "\r\n\r\n")
            try await right.send(request[0] + "\r\n\r\n")
            try await right.wait(for: "HTTP/1.1 100 Continue\r\n\r\n")
            try await right.send(request[1])
            try await right.wait(for: "HTTP/1.1 201 Created\r\n")
            try await eventually("it came") { client.texts.last == "1" }
        }
    }

    @Test func pagesMayAsk() async throws {
        try await running { gateway, _ in
            let page = try await HTTPProbe.connect(port: gateway.port)
            try await page.send(
                "OPTIONS /broadcast?key=x HTTP/1.1\r\nHost: test\r\nOrigin: https://a.test\r\nAccess-Control-Request-Method: POST\r\n"
                    + "Access-Control-Request-Headers: content-type, x-own\r\n\r\n")
            try await page.wait(for: "\r\n\r\n")
            #expect(page.text.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            for line in [
                "access-control-allow-origin: *", "access-control-allow-methods: POST", "access-control-allow-headers: content-type, x-own",
                "access-control-max-age: 3600",
            ] {
                #expect(page.text.contains("\r\n\(line)\r\n"), "\(line)")
            }
            #expect(!page.text.contains("content-length"))
            try await page.send(post("1", ["Origin: https://a.test"]))
            try await page.wait(for: "access-control-expose-headers: holdfast-delivered\r\n")
        }
    }

    @Test func pagesOfOtherOriginsMayNot() async throws {
        try await running(adjust: { $0.routes[0].origins = .sample("https://a.test") }) { gateway, client in
            let page = try await HTTPProbe.connect(port: gateway.port)
            try await page.send(post("1", ["Origin: https://b.test"]))
            try await page.wait(for: "this origin is not allowed\n")
            #expect(page.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            #expect(!page.text.contains("access-control"))
            try await page.send(post("2", ["Origin: https://a.test"]))
            try await page.wait(for: "access-control-allow-origin: https://a.test\r\nvary: Origin\r\n")
            try await eventually("only one came") { client.texts.dropFirst() == ["2"] }
        }
    }

    @Test func withoutAPathThereIsNothingThere() async throws {
        try await running(adjust: { $0.routes[0].wsify.broadcastPath = nil }) { gateway, client in
            let publisher = try await HTTPProbe.connect(port: gateway.port)
            try await publisher.send(post("1"))
            try await publisher.wait(for: "\r\n\r\n")
            #expect(publisher.text.hasPrefix("HTTP/1.1 426 "))
            #expect(client.texts.count == 1)
        }
    }

    /// Beside a route that passes requests on: the place to publish at goes first, unless the other route is for the host that is asked for.
    @Test func beside() async throws {
        let app = ScriptedApp { try await $0.answer(body: "the app has \($0.path)") }
        try await app.running { url in
            try await running(adjust: {
                var proxied = RouteConfiguration(name: "proxied", path: .all, dialect: .grip, target: TargetURL(url))
                proxied.grip.noGrip = true
                $0.routes.append(proxied)
                proxied.name = "hosted"
                proxied.host = "own.test"
                $0.routes.append(proxied)
            }) { gateway, client in
                let publisher = try await HTTPProbe.connect(port: gateway.port)
                try await publisher.send(post("1"))
                try await publisher.wait(for: "HTTP/1.1 201 Created\r\n")
                try await publisher.get("/other")
                try await publisher.wait(for: "the app has /other")
                try await publisher.send(post("2").replacing("Host: test", with: "Host: own.test"))
                try await publisher.wait(for: "the app has /broadcast")
                try await eventually("only one came") { client.texts.dropFirst() == ["1"] }
            }
        }
    }
}

extension PathPattern {
    static func sample(_ text: String) -> PathPattern {
        guard let pattern = PathPattern(text) else { preconditionFailure("\(text) is a pattern") }
        return pattern
    }
}

extension OriginPolicy {
    fileprivate static func sample(_ origin: String) -> OriginPolicy {
        guard let policy = try? OriginPolicy([origin]) else { preconditionFailure("\(origin) is an origin") }
        return policy
    }
}
