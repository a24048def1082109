// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import HoldfastApp

@Suite struct SlipWebhookTests {
    static func event(_ event: String, metadata: String = "null") -> String {
        #"{"connectionId":"c1","metadata":\#(metadata),"events":[\#(event)]}"#
    }

    static let opening = event(
        #"{"type":"OPEN","connectionId":"c1"}"#, metadata: #"{"headers":{"host":"a","x-list":["1","2"],"no name":"x"},"ip":"203.0.113.9"}"#)

    /// As the convention was published: headers and address are in the metadata.
    @Test func openAsPublished() throws {
        let webhook = try Samples.slip(Self.opening)
        guard case .open(let opening)? = webhook.events.first?.kind else {
            Issue.record("expected an open")
            return
        }
        #expect(webhook.connection.id == "c1")
        #expect(opening.headers[values: try #require(HTTPField.Name("x-list"))] == ["1", "2"])
        #expect(opening.headers[try #require(HTTPField.Name("host"))] == "a")
        #expect(opening.ip == "203.0.113.9")
        #expect(opening.protocols.isEmpty)
        #expect(webhook.connection.metadata["ip"] == "203.0.113.9")
    }

    @Test func openOfTheGateway() throws {
        let body = Self.event(
            #"{"type":"OPEN","connectionId":"c1","headers":{"origin":"https://a"},"ip":"::1","subprotocols":["v2"],"path":"/chat","query":"a=1"}"#)
        let event = try #require(try Samples.slip(body).events.first)
        guard case .open(let opening) = event.kind else {
            Issue.record("expected an open")
            return
        }
        #expect(opening.headers[.origin] == "https://a")
        #expect(opening.ip == "::1")
        #expect(opening.protocols == ["v2"])
        #expect(event.path == "/chat")
        #expect(event.query == "a=1")
    }

    @Test(
        arguments: [
            (#"{"type":"TEXT","connectionId":"c1","data":"hi"}"#, .message("hi")),
            (#"{"type":"BINARY","data":"AP8="}"#, .message(.binary([0, 255]))),
            (#"{"type":"CLOSE","connectionId":"c1"}"#, .close(.init(code: 1005, reason: "", isClean: nil, error: nil))),
            (#"{"type":"CLOSE","code":4001,"reason":"bye"}"#, .close(.init(code: 4001, reason: "bye", isClean: nil, error: nil))),
            (#"{"type":"PING","data":""}"#, .ping([])), (#"{"type":"PONG","data":"AQ=="}"#, .pong([1])),
            (#"{"type":"LATER","data":1}"#, .unknown(type: "LATER", ["type": "LATER", "data": 1])),
        ] as [(String, Event.Kind)])
    func kinds(_ event: String, _ kind: Event.Kind) throws {
        #expect(try Samples.slip(Self.event(event)).events.map(\.kind) == [kind])
    }

    @Test(
        arguments: [
            ("", "not JSON"), ("[]", "the body: expected an object"), (#"{"events":[]}"#, "connectionId: missing"),
            (#"{"connectionId":"","events":[{"type":"CLOSE"}]}"#, "connectionId: empty"), (#"{"connectionId":"c1","events":[]}"#, "events: empty"),
            (event("{}"), "events[0].type: missing"), (event(#"{"type":"TEXT"}"#), "events[0].data: missing"),
            (event(#"{"type":"TEXT","data":7}"#), "events[0].data: expected a string"),
            (event(#"{"type":"BINARY","data":"!"}"#), "events[0].data: not base64"),
            (event(#"{"type":"CLOSE","code":"1000"}"#), "events[0].code: expected a whole number"),
        ])
    func bodiesThatAreNoWebhook(_ body: String, _ detail: String) {
        #expect(throws: WebhookError(.payload, detail)) { try Samples.slip(body) }
    }

    @Test func handler() async throws {
        let verifier = try SlipVerifier(secrets: ["s3cret"], clock: { 2_000_000_000 })
        let handler = SlipHandler(verifying: verifier, maxBodyBytes: 500) { event, answer in
            if case .message(let message) = event.kind { try answer.send(message) }
            if case .close = event.kind { throw AnswerError("x") }
        }
        let token = Samples.token(#"{"iss":"slip-sockets","aud":"WebSocketEvent","exp":2000000060}"#)
        let request = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/", headerFields: [.authorization: "Bearer \(token)"])
        let echo = await handler.respond(to: request, body: Self.event(#"{"type":"TEXT","data":"hi"}"#).utf8)
        #expect(echo.status == .ok)
        #expect(echo.text == #"{"events":[{"type":"TEXT","connectionId":"c1","data":"hi"}]}"#)
        #expect(await handler.respond(to: request, body: Self.event(#"{"type":"CLOSE"}"#).utf8).status == .internalServerError)
        #expect(await handler.respond(to: request, body: Array(repeating: 32, count: 501)).status == .contentTooLarge)
        #expect(await handler.respond(method: "POST", headers: [], body: Self.opening.utf8).status == .unauthorized)
        #expect(await handler.respond(method: "GET", headers: [], body: []).status == .methodNotAllowed)
    }
}
