// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastTesting
import Hummingbird
import NIOCore
import Testing

@testable import HoldfastApp

/// Against servers that do what no gateway should.
@Suite struct ControlFailureTests {
    @Test(
        arguments: [
            (400, .badRequest), (401, .unauthorized), (403, .forbidden), (404, .notFound), (409, .limit), (413, .tooLarge), (415, .badRequest),
            (429, .full), (500, .unavailable), (503, .unavailable), (302, .unexpected), (418, .unexpected), (204, .unexpected),
        ] as [(Int, ControlError.Code)])
    func statuses(_ status: Int, _ code: ControlError.Code) async throws {
        let server = StubServer { _, _ in
            var answer = StubServer.json(#"{"title":"T","detail":"D"}"#, status: .init(code: status))
            answer.headers[.location] = "/elsewhere"
            return answer
        }
        try await server.running { url in
            let control = try Control(url: url, retries: 3)
            let error = await #expect(throws: ControlError.self) { try await control.publish("x", channel: "a/b") }
            #expect(error?.code == code)
            #expect(error?.status == status)
            if status != 204 { #expect(error?.detail == "D") }
            // Neither repeated, for it might be delivered twice, nor sent elsewhere.
            #expect(server.received.map(\.head.path) == ["/v1/channels/a%2Fb/messages"])
        }
    }

    @Test(arguments: [
        ("", "an answer that is not the gateway's: not JSON"), ("<html>", "an answer that is not the gateway's: not JSON"),
        ("{}", "an answer that is not the gateway's: results: missing"), (#"{"results":[]}"#, "0 results for 1 actions"),
        (#"{"results":[{}]}"#, "an answer that is not the gateway's: results[0].status: missing"),
        (#"{"results":[{"status":"maybe"}]}"#, "the gateway says \"maybe\", which this version does not know"),
    ])
    func answersThatAreNone(_ text: String, _ detail: String) async throws {
        try await StubServer { _, _ in StubServer.json(text) }.running { url in
            let error = await #expect(throws: ControlError.self) { try await Control(url: url).subscribe("x", to: "c1") }
            #expect(error?.code == .unexpected)
            #expect(error?.detail == detail)
        }
    }

    @Test(
        arguments: [
            ("notFound", .notFound, 404), ("full", .full, 429), ("refused", .limit, 409), ("unreachable", .unavailable, 503),
        ] as [(String, ControlError.Code, Int)])
    func results(_ word: String, _ code: ControlError.Code, _ status: Int) async throws {
        try await StubServer { _, _ in StubServer.json(#"{"results":[{"status":"\#(word)"}]}"#) }.running { url in
            let error = await #expect(throws: ControlError.self) { try await Control(url: url).close(to: "c1") }
            #expect(error?.code == code)
            #expect(error?.status == status)
            // The convention of slip tells the same.
            let slip = try SlipControl(url: url, secret: "s")
            #expect(await #expect(throws: ControlError.self) { try await slip.close(to: "c1") } == error)
            var actions = SlipActions()
            try actions.close(to: "c1")
            #expect(try await slip.perform(actions).map(\.status.rawValue) == [word])
        }
    }

    @Test func dial() async throws {
        let server = StubServer { count, _ in
            StubServer.json(count == 1 ? #"{"results":[{"status":"ok","connection":"n1.9"}]}"# : #"{"results":[{"status":"ok"}]}"#)
        }
        try await server.running { url in
            let control = try Control(url: url)
            #expect(try await control.dial("wss://a/b", DialOptions(reconnect: true, route: "out")) == "n1.9")
            #expect(server.received.first?.body == #"{"actions":[{"type":"dial","url":"wss://a/b","reconnect":true,"route":"out"}]}"#)
            let error = await #expect(throws: ControlError.self) { try await control.dial("wss://a/b") }
            #expect(error?.code == .unexpected)
        }
    }

    /// Only what can be done twice is done twice.
    @Test func repeats() async throws {
        let server = StubServer { count, _ in
            count % 3 == 0
                ? StubServer.json(#"{"results":[{"status":"ok"}],"delivered":1}"#)
                : StubServer.json("busy", status: count % 3 == 1 ? .badGateway : .serviceUnavailable)
        }
        try await server.running { url in
            let control = try Control(url: url, retries: 2)
            try await control.subscribe("a", to: "c1")
            #expect(server.received.count == 3)
            #expect(try await control.publish("x", channel: "a", id: "1").delivered == 1)
            #expect(server.received.count == 6)
            let error = await #expect(throws: ControlError.self) { try await control.send("x", to: "c1") }
            #expect(error?.code == .unavailable)
            #expect(server.received.count == 7)
        }
    }

    @Test(arguments: [false, true])
    func timeouts(_ hasHead: Bool) async throws {
        let server = StubServer { _, _ in
            guard hasHead else {
                try await Task.untilCancelled()
                return StubServer.json("{}")
            }
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "{"))
                    try await Task.untilCancelled()
                    try await writer.finish(nil)
                })
        }
        try await server.running { url in
            let error = await #expect(throws: ControlError.self) {
                try await Control(url: url, timeout: .milliseconds(200)).channel("a")
            }
            #expect(error?.code == .timeout)
            #expect(error?.status == 0)
        }
    }

    @Test func nobodyThere() async throws {
        // Port 1 is nobody's.
        let error = await #expect(throws: ControlError.self) { try await Control(url: "http://127.0.0.1:1").channel("a") }
        #expect(error?.code == .unreachable)
        #expect(error?.status == 0)
    }

    @Test func pages() async throws {
        let server = StubServer { count, _ in
            switch count {
            case 1: StubServer.json(#"{"channels":[{"name":"a b","subscribers":1}],"next":"a b"}"#)
            case 2: StubServer.json(#"{"channels":[],"next":"c&d"}"#)
            case 3: StubServer.json(#"{"channels":[{"name":"e","subscribers":2}]}"#)
            default: StubServer.json(#"{"channels":[],"next":"x"}"#)
            }
        }
        try await server.running { url in
            let control = try Control(url: url, token: "t")
            var names: [String] = []
            for try await channel in control.channels() { names.append(channel.name) }
            #expect(names == ["a b", "e"])
            #expect(server.received.map(\.head.path) == ["/v1/channels", "/v1/channels?after=a%20b", "/v1/channels?after=c%26d"])
            #expect(server.received.allSatisfy { $0.head.headerFields[.authorization] == "Bearer t" })
            // A gateway that leads in a circle.
            await #expect(throws: ControlError(.unexpected, detail: "a page whose next is itself")) {
                for try await _ in control.channels() {}
            }
        }
    }

    @Test(arguments: ["", "127.0.0.1:8081", "ftp://a", "http://", "http://a?b", "http://a#b", "http://user@a"])
    func urls(_ url: String) {
        let error = #expect(throws: ConfigurationError.self) { try Control(url: url) }
        #expect(error?.detail == "url: expected a URL such as http://127.0.0.1:8081, found \"\(url)\"")
    }

    @Test func settings() {
        #expect(throws: ConfigurationError.self) { try Control(url: "http://a", token: "") }
        #expect(throws: ConfigurationError.self) { try Control(url: "http://a", timeout: .zero) }
        #expect(throws: ConfigurationError.self) { try Control(url: "http://a", retries: -1) }
        #expect(throws: ConfigurationError.self) { try SlipControl(url: "http://a", secret: "") }
    }

    @Test func slip() async throws {
        let server = StubServer { count, _ in
            switch count {
            case 9:
                Response(
                    status: .forbidden, headers: [.contentType: "text/plain; charset=utf-8"],
                    body: .init(byteBuffer: ByteBuffer(string: "Invalid token\n")))
            case 10: StubServer.json(#"{"message": "invalid commands", "detail": "events[0]: no"}"#, status: .badRequest)
            default: StubServer.json(#"{"message": "processed successfully"}"#)
            }
        }
        try await server.running { url in
            let control = try SlipControl(url: url, secret: "s3cret", clock: { 2_000_000_000 })
            try await control.send("x", to: "c1")
            try await control.close(to: "c1")
            try await control.subscribe("a", to: "c1")
            try await control.unsubscribe("a", to: "c1")
            try await control.setMetadata(nil, to: "c1")
            try await control.publish("x", channel: "a")
            try await control.closeChannel("a", code: 4000)
            var actions = SlipActions()
            try actions.send(.binary([1]), to: "c1")
            try actions.publish("y", channel: "b")
            try await control.perform(actions)
            #expect(
                server.received.map(\.body) == [
                    #"{"events":[{"type":"TEXT","connectionId":"c1","data":"x"}]}"#, #"{"events":[{"type":"CLOSE","connectionId":"c1"}]}"#,
                    #"{"events":[{"type":"SUBSCRIBE","connectionId":"c1","channel":"a"}]}"#,
                    #"{"events":[{"type":"UNSUBSCRIBE","connectionId":"c1","channel":"a"}]}"#,
                    #"{"events":[{"type":"SET_METADATA","connectionId":"c1","metadata":null}]}"#,
                    #"{"events":[{"type":"PUBLISH_TEXT","channelId":"a","data":"x"}]}"#,
                    #"{"events":[{"type":"CLOSE_CHANNEL","channelId":"a","code":4000}]}"#,
                    #"{"events":[{"type":"BINARY","connectionId":"c1","data":"AQ=="},{"type":"PUBLISH_TEXT","channelId":"b","data":"y"}]}"#,
                ])
            let token = Samples.token(#"{"iss":"slip-sockets","aud":"ControlEvent","iat":2000000000,"exp":2000000060}"#)
            for request in server.received {
                #expect(request.head.headerFields[.authorization] == "Bearer \(token)")
                #expect(request.head.headerFields[.contentType] == "application/websocket-events")
            }
            let refused = await #expect(throws: ControlError.self) { try await control.send("x", to: "c1") }
            #expect(refused?.code == .unauthorized)
            #expect(refused?.status == 403)
            #expect(refused?.detail == "Invalid token")
            let bad = await #expect(throws: ControlError.self) { try await control.send("x", to: "c1") }
            #expect(bad?.code == .badRequest)
            #expect(bad?.detail == "events[0]: no")
            let early = await #expect(throws: ControlError.self) { try await control.close(code: 1, to: "c1") }
            #expect(early?.status == 0)
        }
    }
}

extension Task where Success == Never, Failure == Never {
    /// Waits for as long as nobody gives up.
    static func untilCancelled() async throws {
        for await _ in AsyncStream<Never>.makeStream().stream {}
        try checkCancellation()
    }
}
