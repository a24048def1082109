// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import HoldfastApp

@Suite struct AnswerTests {
    private struct Welcome: Encodable {
        let welcome: Bool
    }

    /// What one function writes.
    private static func json(_ body: String = Samples.opening, _ add: (inout Answer) throws -> Void) throws -> String {
        var answer = try Samples.webhook(body).answer()
        try add(&answer)
        let text = answer.response.text
        #expect(text.hasPrefix(#"{"actions":["#) && text.hasSuffix("]}"))
        return String(text.dropFirst(12).dropLast(2))
    }

    @Test func accept() throws {
        #expect(try Self.json { try $0.accept() } == #"{"type":"accept"}"#)
        let full = try Self.json { answer in
            var headers: HTTPFields = [.setCookie: "a=1"]
            headers.append(HTTPField(name: .setCookie, value: "b=2"))
            try answer.accept(protocol: "v2.chat", headers: headers)
        }
        #expect(full == #"{"type":"accept","protocol":"v2.chat","headers":{"set-cookie":["a=1","b=2"]}}"#)
    }

    @Test func reject() throws {
        #expect(try Self.json { try $0.reject() } == #"{"type":"reject","status":403}"#)
        let full = try Self.json { try $0.reject(status: .found, headers: [.location: "/login"], body: "no\n") }
        #expect(full == #"{"type":"reject","status":302,"headers":{"location":["/login"]},"body":"no\n"}"#)
    }

    @Test func send() throws {
        #expect(try Self.json { try $0.send("a\u{1}\"\\\t/é🙂\u{7F}") } == "{\"type\":\"send\",\"text\":\"a\\u0001\\\"\\\\\\t/é🙂\u{7F}\"}")
        #expect(try Self.json { try $0.send(.binary([0, 255])) } == #"{"type":"send","base64":"AP8="}"#)
        #expect(try Self.json { try $0.send(.json(Welcome(welcome: true))) } == #"{"type":"send","text":"{\"welcome\":true}"}"#)
        #expect(try Self.json { try $0.send("x", to: "c2") } == #"{"type":"send","text":"x","to":"c2"}"#)
    }

    @Test func close() throws {
        #expect(try Self.json { try $0.close() } == #"{"type":"close","code":1000}"#)
        #expect(try Self.json { try $0.close(code: 4001, reason: "bye") } == #"{"type":"close","code":4001,"reason":"bye"}"#)
        #expect(try Self.json { try $0.close(reason: "bye", to: "c2") } == #"{"type":"close","code":1000,"reason":"bye","to":"c2"}"#)
    }

    @Test func channels() throws {
        #expect(try Self.json { try $0.subscribe("a") } == #"{"type":"subscribe","channel":"a"}"#)
        #expect(try Self.json { try $0.subscribe("a", to: "c2") } == #"{"type":"subscribe","channel":"a","to":"c2"}"#)
        #expect(try Self.json { try $0.unsubscribe("a") } == #"{"type":"unsubscribe","channel":"a"}"#)
        #expect(try Self.json { try $0.unsubscribe("a", to: "c2") } == #"{"type":"unsubscribe","channel":"a","to":"c2"}"#)
        #expect(try Self.json { try $0.publish("x", channel: "a") } == #"{"type":"publish","channel":"a","text":"x"}"#)
        let full = try Self.json { try $0.publish(.binary([1]), channel: "a", except: ["c1", "c2"], id: "7") }
        #expect(full == #"{"type":"publish","channel":"a","base64":"AQ==","except":["c1","c2"],"id":"7"}"#)
        #expect(try Self.json { try $0.closeChannel("a") } == #"{"type":"closeChannel","channel":"a","code":1000}"#)
        #expect(
            try Self.json { try $0.closeChannel("a", code: 4000, reason: "r") } == #"{"type":"closeChannel","channel":"a","code":4000,"reason":"r"}"#)
    }

    @Test func state() throws {
        #expect(try Self.json { try $0.setState(["b": nil, "a": "1"]) } == #"{"type":"setState","state":{"a":"1","b":null}}"#)
        #expect(try Self.json { try $0.setState(["a": "1"], to: "c2") } == #"{"type":"setState","state":{"a":"1"},"to":"c2"}"#)
    }

    @Test func dial() throws {
        #expect(try Self.json { try $0.dial("wss://example.com/x") } == #"{"type":"dial","url":"wss://example.com/x"}"#)
        let options = DialOptions(protocols: ["p"], headers: [.authorization: "Bearer x"], state: ["a": "1"], reconnect: true, route: "out")
        let full = try Self.json { try $0.dial("ws://a", options) }
        #expect(
            full
                == #"{"type":"dial","url":"ws://a","protocols":["p"],"headers":{"authorization":["Bearer x"]},"state":{"a":"1"},"reconnect":true,"route":"out"}"#
        )
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let add: @Sendable (inout Answer) throws -> Void
        let detail: String

        init(_ add: @escaping @Sendable (inout Answer) throws -> Void, _ detail: String) {
            self.add = add
            self.detail = detail
        }

        var testDescription: String { detail }
    }

    /// Refused here with the same words as there, and the answer stays as it was.
    @Test(arguments: [
        Fault({ try $0.close(code: 1002) }, "code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found 1002"),
        Fault({ try $0.close(code: 5000, to: "c2") }, "code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found 5000"),
        Fault({ try $0.close(reason: String(repeating: "ü", count: 62)) }, "reason: expected at most 123 bytes, found 124"),
        Fault({ try $0.closeChannel("a", code: 0) }, "code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found 0"),
        Fault({ try $0.subscribe("") }, "channel: expected 1 to 256 bytes, found 0"),
        Fault({ try $0.unsubscribe(String(repeating: "x", count: 257)) }, "channel: expected 1 to 256 bytes, found 257"),
        Fault({ try $0.publish("x", channel: "a\nb") }, "channel: a control character in the name"),
        Fault({ try $0.publish("x", channel: "a\u{7F}") }, "channel: a control character in the name"),
        Fault({ try $0.publish("x", channel: "a", id: "") }, "id: expected 1 to 256 bytes, found 0"),
        Fault({ try $0.send("x", to: "") }, "to: expected a connection's id, found an empty text"),
        Fault({ try $0.reject(status: .ok) }, "reject.status: expected 300 to 599, found 200"),
        Fault({ try $0.dial("https://a") }, "url: expected a URL such as wss://example.com/socket, found \"https://a\""),
        Fault(
            { try $0.send(.json(Double.nan)) }, "message: a value of Double does not encode as JSON: Unable to encode Double.nan directly in JSON."),
    ])
    func refused(_ fault: Fault) throws {
        var answer = try Samples.webhook(Samples.opening).answer()
        let before = answer.connection
        let error = #expect(throws: AnswerError.self) { try fault.add(&answer) }
        #expect(error?.detail == fault.detail)
        #expect(answer.response.text == #"{"actions":[]}"#)
        #expect(answer.connection == before)
    }

    @Test func bounds() throws {
        for code in [1000, 1001, 1003, 1007, 1014, 3000, 4999] { _ = try Self.json { try $0.close(code: code) } }
        for code in [999, 1002, 1004, 1005, 1006, 1015, 2999, -1] { #expect(throws: AnswerError.self) { try Self.json { try $0.close(code: code) } } }
        _ = try Self.json { try $0.close(reason: String(repeating: "x", count: 123)) }
        _ = try Self.json { try $0.subscribe(String(repeating: "x", count: 256)) }
        for status in [300, 599] { _ = try Self.json { try $0.reject(status: .init(code: status)) } }
        for status in [299, 600] { #expect(throws: AnswerError.self) { try Self.json { try $0.reject(status: .init(code: status)) } } }
    }

    @Test func oneDecisionForAnOpenOnly() throws {
        var answer = try Samples.webhook(Samples.opening).answer()
        try answer.accept()
        #expect(throws: AnswerError("accept: the answer has an accept or a reject already")) { try answer.accept() }
        #expect(throws: AnswerError("reject: the answer has an accept or a reject already")) { try answer.reject() }
        #expect(answer.response.text == #"{"actions":[{"type":"accept"}]}"#)
        var late = try Samples.webhook(Samples.chat).answer()
        #expect(throws: AnswerError("accept: only possible in the answer to an open event")) { try late.accept() }
        #expect(throws: AnswerError("reject: only possible in the answer to an open event")) { try late.reject() }
    }
}
