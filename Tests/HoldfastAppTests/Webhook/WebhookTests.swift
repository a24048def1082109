// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import HoldfastApp

@Suite struct WebhookTests {
    @Test func connection() throws {
        let connection = try Samples.webhook(Samples.chat).connection
        #expect(connection.id == "n1.0.Zk3v9mQx0a2bJ4cdEfGh1w")
        #expect(connection.direction == .inbound)
        #expect(connection.route == "chat")
        #expect(connection.remoteAddress == "203.0.113.9")
        #expect(connection.path == "/chat")
        #expect(connection.query == "room=7&name=J%C3%B6rg+K")
        #expect(connection.queryValue("room") == "7")
        #expect(connection.queryValue("name") == "Jörg K")
        #expect(connection.queryValue("nobody") == nil)
        #expect(connection.protocol == "v2.chat")
        #expect(connection.headers?[values: .cookie] == ["a=1", "b=2"])
        #expect(connection.state == ["user": "42"])
        #expect(connection.channels == ["room-7"])
    }

    @Test func connectionByHand() throws {
        let connection = try Samples.webhook(Samples.event(#"{"seq":1,"type":"open"}"#)).connection
        #expect(connection.direction == .inbound)
        #expect(connection.state.isEmpty)
        #expect(connection.channels.isEmpty)
        #expect(connection.headers == nil)
        #expect(connection.protocol == nil)
    }

    @Test func messages() throws {
        let events = try Samples.webhook(Samples.chat).events
        #expect(events.map(\.seq) == [2, 3])
        #expect(events.map(\.kind) == [.message(.text("hällo \"du\"")), .message(.binary([0, 1, 2]))])
        #expect(events.map(\.kind.type) == ["message", "message"])
    }

    @Test func opening() throws {
        guard case .open(let opening)? = try Samples.webhook(Samples.opening).events.first?.kind else {
            Issue.record("expected an open")
            return
        }
        #expect(opening.headers[.origin] == "https://example.com")
        #expect(opening.headers[values: try #require(HTTPField.Name("X-A"))] == ["1", "2"])
        #expect(opening.protocols == ["a", "b"])
        #expect(opening.ip == nil)
    }

    @Test(
        arguments: [
            (
                #"{"seq":4,"type":"close","code":1000,"reason":"bye","clean":true}"#,
                .close(.init(code: 1000, reason: "bye", isClean: true, error: nil))
            ),
            (
                #"{"seq":4,"type":"close","code":1006,"reason":"","clean":false,"error":"message larger"}"#,
                .close(.init(code: 1006, reason: "", isClean: false, error: "message larger"))
            ),
            (#"{"seq":4,"type":"close","code":1005}"#, .close(.init(code: 1005, reason: "", isClean: nil, error: nil))),
            (#"{"seq":4,"type":"ping","base64":""}"#, .ping([])), (#"{"seq":4,"type":"pong","base64":"/+8="}"#, .pong([0xFF, 0xEF])),
            (#"{"seq":4,"type":"message","text":"","extra":{"a":[1]}}"#, .message(.text(""))),
            (
                #"{"seq":4,"type":"resumed","gap":[1,2.5,null,true,"x"]}"#,
                .unknown(type: "resumed", ["seq": 4, "type": "resumed", "gap": [1, 2.5, nil, true, "x"]])
            ),
        ] as [(String, Event.Kind)])
    func kinds(_ event: String, _ kind: Event.Kind) throws {
        #expect(try Samples.webhook(Samples.event(event)).events.first?.kind == kind)
    }

    @Test(
        arguments: [
            ("[]", "the body: expected an object"), ("null", "the body: expected an object, found null"), ("{}", "connection: missing"),
            (#"{"connection":[],"events":[]}"#, "connection: expected an object"),
            (#"{"connection":{},"events":[]}"#, "connection.id: missing"),
            (#"{"connection":{"id":7},"events":[]}"#, "connection.id: expected a string"),
            (#"{"connection":{"id":""},"events":[]}"#, "connection.id: empty"),
            (#"{"connection":{"id":"a","direction":"up"},"events":[]}"#, "connection.direction: expected inbound or outbound, found \"up\""),
            (#"{"connection":{"id":"a","state":{"k":1}},"events":[]}"#, "connection.state.k: expected a string"),
            (#"{"connection":{"id":"a","channels":"x"},"events":[]}"#, "connection.channels: expected an array"),
            (#"{"connection":{"id":"a","headers":{"a b":["1"]}},"events":[]}"#, "connection.headers: \"a b\" is no header name"),
            (#"{"connection":{"id":"a"}}"#, "events: missing"), (#"{"connection":{"id":"a"},"events":{}}"#, "events: expected an array"),
            (#"{"connection":{"id":"a"},"events":[]}"#, "events: empty"),
            (Samples.event("7"), "events[0]: expected an object"), (Samples.event(#"{"type":"open"}"#), "events[0].seq: missing"),
            (Samples.event(#"{"seq":"1","type":"open"}"#), "events[0].seq: expected a whole number"),
            (Samples.event(#"{"seq":1}"#), "events[0].type: missing"),
            (Samples.event(#"{"seq":1,"type":"open"},{"seq":2,"type":"close"}"#), "events[1].code: missing"),
            (Samples.event(#"{"seq":1,"type":"message"}"#), "events[0]: expected exactly one of text, base64, found none"),
            (Samples.event(#"{"seq":1,"type":"message","text":"","base64":""}"#), "events[0]: expected exactly one of text, base64, found both"),
            (Samples.event(#"{"seq":1,"type":"message","text":null}"#), "events[0].text: expected a string, found null"),
            (Samples.event(#"{"seq":1,"type":"message","base64":"A"}"#), "events[0].base64: not base64"),
            (Samples.event(#"{"seq":1,"type":"open","headers":{"a":[1]}}"#), "events[0].headers.a[0]: expected a string"),
        ])
    func bodiesThatAreNoWebhook(_ body: String, _ detail: String) {
        let error = #expect(throws: WebhookError.self) { try Samples.webhook(body) }
        #expect(error == WebhookError(.payload, detail))
        #expect(error?.response.status == .badRequest)
        #expect(error?.response.text == detail + "\n")
    }

    @Test(arguments: ["", " ", "x", "{", "{]", #"{"a":}"#, "{} {}", "nul"])
    func bodiesThatAreNoJSON(_ body: String) {
        let error = #expect(throws: WebhookError.self) { try Samples.webhook(body) }
        #expect(error == WebhookError(.payload, "not JSON"))
    }

    @Test func bytesThatAreNoText() {
        let body = Array(Samples.event(#"{"seq":1,"type":"message","text":""#).utf8.dropLast(2)) + [0xFF, 0xC0] + Array("\"}]}".utf8)
        let error = #expect(throws: WebhookError.self) { try Webhook.parse(headers: [:], body: body, verifying: .unverified) }
        #expect(error?.code == .payload)
    }

    /// A stranger's nesting must end in an error, not in the end of the stack.
    @Test func endlessNesting() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: WebhookError.self) { try Samples.webhook(Samples.event(#"{"seq":1,"type":"later","deep":\#(deep)"#)) }
        let balanced = deep + String(repeating: "]", count: 100_000)
        #expect(throws: WebhookError.self) { try Samples.webhook(Samples.event(#"{"seq":1,"type":"later","deep":\#(balanced)}"#)) }
        let allowed = String(repeating: "[", count: 400) + String(repeating: "]", count: 400)
        #expect(throws: Never.self) { try Samples.webhook(Samples.event(#"{"seq":1,"type":"later","deep":\#(allowed)}"#)) }
    }
}
