// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import HoldfastApp

@Suite struct SlipAnswerTests {
    private static let text = SlipWebhookTests.event(#"{"type":"TEXT","data":"hi"}"#, metadata: #"{"a":1}"#)

    private static func json(_ body: String = text, _ add: (inout SlipAnswer) throws -> Void) throws -> String {
        var answer = try Samples.slip(body).answer()
        try add(&answer)
        let text = answer.response.text
        #expect(text.hasPrefix(#"{"events":["#) && text.hasSuffix("]}"))
        return String(text.dropFirst(11).dropLast(2))
    }

    @Test func actions() throws {
        #expect(try Self.json { _ in } == "")
        #expect(try Self.json { try $0.send("x") } == #"{"type":"TEXT","connectionId":"c1","data":"x"}"#)
        #expect(try Self.json { try $0.send(.binary([0]), to: "c2") } == #"{"type":"BINARY","connectionId":"c2","data":"AA=="}"#)
        #expect(try Self.json { try $0.close() } == #"{"type":"CLOSE","connectionId":"c1"}"#)
        #expect(
            try Self.json { try $0.close(code: 4001, reason: "r", to: "c2") }
                == #"{"type":"CLOSE","connectionId":"c2","code":4001,"reason":"r"}"#)
        #expect(try Self.json { try $0.subscribe("a") } == #"{"type":"SUBSCRIBE","connectionId":"c1","channel":"a"}"#)
        #expect(try Self.json { try $0.unsubscribe("a", to: "c2") } == #"{"type":"UNSUBSCRIBE","connectionId":"c2","channel":"a"}"#)
        #expect(try Self.json { try $0.publish("x", channel: "a") } == #"{"type":"PUBLISH_TEXT","channelId":"a","data":"x"}"#)
        #expect(try Self.json { try $0.publish(.binary([1]), channel: "a") } == #"{"type":"PUBLISH_BINARY","channelId":"a","data":"AQ=="}"#)
        #expect(try Self.json { try $0.closeChannel("a") } == #"{"type":"CLOSE_CHANNEL","channelId":"a"}"#)
        #expect(
            try Self.json { try $0.setMetadata(["b": [1.5, nil, false], "a": "1"]) }
                == #"{"type":"SET_METADATA","connectionId":"c1","metadata":{"a":"1","b":[1.5,null,false]}}"#)
        #expect(try Self.json { try $0.setMetadata(nil, to: "c2") } == #"{"type":"SET_METADATA","connectionId":"c2","metadata":null}"#)
    }

    @Test func connectionFollowsTheAnswer() throws {
        var answer = try Samples.slip(Self.text).answer()
        #expect(answer.connection.metadata == ["a": 1])
        try answer.setMetadata(["b": 2])
        #expect(answer.connection.metadata == ["b": 2])
        try answer.setMetadata(["c": 3], to: "c2")
        #expect(answer.connection.metadata == ["b": 2])
        try answer.setMetadata(nil)
        #expect(answer.connection.metadata == .null)
        #expect(answer.webhook.connection.metadata == ["a": 1])
    }

    /// The convention lets nobody in without a word; here nothing said is a yes, as in the json dialect.
    @Test func acceptComesFirst() throws {
        let accept = #"{"type":"ACCEPT","connectionId":"c1"}"#
        let open = SlipWebhookTests.opening
        #expect(try Self.json(open) { _ in } == accept)
        #expect(try Self.json(open) { try $0.send("x") } == accept + #",{"type":"TEXT","connectionId":"c1","data":"x"}"#)
        let late = try Self.json(open) { answer in
            try answer.setMetadata(["a": 1])
            try answer.accept(protocol: "v2")
        }
        #expect(
            late == #"{"type":"ACCEPT","connectionId":"c1","subprotocol":"v2"},{"type":"SET_METADATA","connectionId":"c1","metadata":{"a":1}}"#)
        #expect(try Self.json(open) { try $0.close() } == #"{"type":"CLOSE","connectionId":"c1"}"#)
        let refusal = try Self.json(open) { try $0.close(reason: "no", status: .unauthorized) }
        #expect(refusal == #"{"type":"CLOSE","connectionId":"c1","reason":"no","status":401}"#)
        let brief = try Self.json(open) { answer in
            try answer.accept()
            try answer.close()
        }
        #expect(brief == accept + #",{"type":"CLOSE","connectionId":"c1"}"#)
    }

    @Test func refused() throws {
        var open = try Samples.slip(SlipWebhookTests.opening).answer()
        try open.accept()
        #expect(throws: AnswerError("accept: the answer has an accept already")) { try open.accept() }
        var closed = try Samples.slip(SlipWebhookTests.opening).answer()
        try closed.close()
        #expect(throws: AnswerError("accept: the answer has a close already")) { try closed.accept() }
        #expect(throws: AnswerError("close.status: only possible in the answer to an open event, without an accept")) {
            try open.close(status: .forbidden)
        }
        #expect(throws: AnswerError("close.status: expected 300 to 599, found 200")) { try closed.close(status: .ok) }
        var late = try Samples.slip(Self.text).answer()
        #expect(throws: AnswerError.self) { try late.close(status: .forbidden) }
        #expect(throws: AnswerError("accept: only possible in the answer to an open event")) { try late.accept() }
        #expect(throws: AnswerError.self) { try late.close(code: 1006) }
        #expect(throws: AnswerError.self) { try late.close(reason: String(repeating: "x", count: 124)) }
        #expect(throws: AnswerError.self) { try late.subscribe("") }
        #expect(throws: AnswerError.self) { try late.unsubscribe("a\t", to: "c2") }
        #expect(throws: AnswerError.self) { try late.publish("x", channel: "") }
        #expect(throws: AnswerError.self) { try late.closeChannel("a", code: 1) }
        #expect(throws: AnswerError.self) { try late.send("x", to: "") }
        #expect(throws: AnswerError.self) { try late.setMetadata([:], to: "") }
        #expect(late.response.text == #"{"events":[]}"#)
    }
}
