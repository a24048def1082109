// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// What goes right is in the transcripts; here is all that goes wrong, each with the JSON path by which it is named.
struct JSONActionReaderTests {
    private static let id = "n1.0.AAAAB3v9mQx0a2bJ4cdEfQ"
    private static let types = "accept, reject, send, close, subscribe, unsubscribe, publish, closeChannel, setState, dial"
    private static let codes = "expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999"
    private static let long = String(repeating: "x", count: 257)

    /// The message of the error that is expected.
    private func fault(_ text: String, from origin: JSONActionReader.Origin = .answer) -> String? {
        let error = #expect(throws: DialectError.self) { try JSONActionReader.read(ByteBuffer(string: text), from: origin) }
        #expect(error?.code == .notUnderstood)
        return error?.description
    }

    @Test(
        "A fault in the document is told with its place",
        arguments: [
            ("[]", "expected an object {\"actions\": […]}, found an array"),
            ("null", "expected an object {\"actions\": […]}, found null"),
            ("\"actions\"", "expected an object {\"actions\": […]}, found a string"),
            ("7", "expected an object {\"actions\": […]}, found a number"),
            ("true", "expected an object {\"actions\": […]}, found a boolean"),
            (#"{"actions":{}}"#, "actions: expected an array, found an object"),
            (#"{"actions":"send"}"#, "actions: expected an array, found a string"),
            ("OK", "not JSON: line 1, column 1: expected a value"),
            ("{\n  \"actions\": [\n    {},\n  ]\n}", "not JSON: line 4, column 3: expected a value"),
            (#"{"actions":[]} {}"#, "not JSON: line 1, column 16: unexpected text after the value"),
            (#"{"actions":[]"#, "not JSON: line 1, column 14: expected ',' or '}'"),
            (#"{"actions":[{"type":"send","text":"\ud800"}]}"#, "not JSON: line 1, column 42: lone surrogate in a string"),
        ])
    func document(_ text: String, _ message: String) {
        #expect(fault(text) == message)
    }

    @Test(
        "A fault in an action is told with its path",
        arguments: [
            ("7", "actions[1]: expected an object, found a number"),
            ("null", "actions[1]: expected an object, found null"),
            ("[]", "actions[1]: expected an object, found an array"),
            ("{}", "actions[1].type: expected one of \(types), but it is missing"),
            (#"{"type":null}"#, "actions[1].type: expected one of \(types), but it is missing"),
            (#"{"type":7}"#, "actions[1].type: expected a string, found a number"),
            (#"{"type":"shout"}"#, "actions[1].type: unknown action \"shout\"; accepted: \(types)"),
            (#"{"type":"Send","text":""}"#, "actions[1].type: unknown action \"Send\"; accepted: \(types)"),
            (#"{"type":""}"#, "actions[1].type: unknown action \"\"; accepted: \(types)"),
            // accept
            (#"{"type":"accept","protocol":7}"#, "actions[1].protocol: expected a string, found a number"),
            (#"{"type":"accept","headers":[]}"#, "actions[1].headers: expected an object, found an array"),
            (#"{"type":"accept","headers":{"x":7}}"#, "actions[1].headers.x: expected a string, found a number"),
            (#"{"type":"accept","headers":{"x":null}}"#, "actions[1].headers.x: expected a string, found null"),
            (#"{"type":"accept","headers":{"x":["a",true]}}"#, "actions[1].headers.x[1]: expected a string, found a boolean"),
            (#"{"type":"accept","headers":{"a b":"c"}}"#, "actions[1].headers.a b: not a header name"),
            (#"{"type":"accept","headers":{"":"c"}}"#, "actions[1].headers.: not a header name"),
            (#"{"type":"accept","headers":{"a:b":"c"}}"#, "actions[1].headers.a:b: not a header name"),
            (#"{"type":"accept","headers":{"é":"c"}}"#, "actions[1].headers.é: not a header name"),
            (#"{"type":"accept","headers":{"x":"a\r\nset-cookie: b"}}"#, "actions[1].headers.x: a control character in a header"),
            (#"{"type":"accept","headers":{"x":["a","\u0000"]}}"#, "actions[1].headers.x[1]: a control character in a header"),
            (#"{"type":"accept","headers":{"x":"\u007f"}}"#, "actions[1].headers.x: a control character in a header"),
            (#"{"type":"accept","headers":{"Upgrade":"h2c"}}"#, "actions[1].headers.Upgrade: this header is the gateway's own"),
            (
                #"{"type":"accept","headers":{"sec-websocket-protocol":"v2"}}"#,
                "actions[1].headers.sec-websocket-protocol: this header is the gateway's own"
            ),
            (
                #"{"type":"accept","headers":{"Sec-WebSocket-Accept":"x"}}"#,
                "actions[1].headers.Sec-WebSocket-Accept: this header is the gateway's own"
            ),
            (
                #"{"type":"accept","headers":{"sec-websocket-extensions":"x"}}"#,
                "actions[1].headers.sec-websocket-extensions: this header is the gateway's own"
            ),
            (#"{"type":"accept","headers":{"connection":"close"}}"#, "actions[1].headers.connection: this header is the gateway's own"),
            // reject
            (#"{"type":"reject","status":"403"}"#, "actions[1].status: expected a whole number, found a string"),
            (#"{"type":"reject","status":403.5}"#, "actions[1].status: expected a whole number, found a number"),
            (#"{"type":"reject","status":299}"#, "actions[1].status: expected a status from 300 to 599, found 299"),
            (#"{"type":"reject","status":600}"#, "actions[1].status: expected a status from 300 to 599, found 600"),
            (#"{"type":"reject","status":-403}"#, "actions[1].status: expected a status from 300 to 599, found -403"),
            (#"{"type":"reject","body":{}}"#, "actions[1].body: expected a string, found an object"),
            (#"{"type":"reject","headers":{"content-length":"5"}}"#, "actions[1].headers.content-length: this header is the gateway's own"),
            (
                #"{"type":"reject","headers":{"Transfer-Encoding":"chunked"}}"#,
                "actions[1].headers.Transfer-Encoding: this header is the gateway's own"
            ),
            // send
            (#"{"type":"send"}"#, "actions[1]: expected exactly one of text, json, base64, found none"),
            (#"{"type":"send","text":"a","json":1}"#, "actions[1]: expected exactly one of text, json, base64, found text and json"),
            (
                #"{"type":"send","base64":"","text":"a","json":1}"#,
                "actions[1]: expected exactly one of text, json, base64, found text and json and base64"
            ),
            (#"{"type":"send","text":null}"#, "actions[1].text: expected a string, found null"),
            (#"{"type":"send","text":{"a":1}}"#, "actions[1].text: expected a string, found an object"),
            (#"{"type":"send","base64":7}"#, "actions[1].base64: expected a string, found a number"),
            (#"{"type":"send","base64":"AAE"}"#, "actions[1].base64: not base64"),
            (#"{"type":"send","base64":"_-=="}"#, "actions[1].base64: not base64"),
            (#"{"type":"send","text":"a","to":7}"#, "actions[1].to: expected a string, found a number"),
            (#"{"type":"send","text":"a","to":"n1"}"#, "actions[1].to: not a connection's id"),
            // close
            (#"{"type":"close","code":"1000"}"#, "actions[1].code: expected a whole number, found a string"),
            (#"{"type":"close","code":1e3}"#, "actions[1].code: expected a whole number, found a number"),
            (#"{"type":"close","code":0}"#, "actions[1].code: \(codes), found 0"),
            (#"{"type":"close","code":-1000}"#, "actions[1].code: \(codes), found -1000"),
            (#"{"type":"close","code":66536}"#, "actions[1].code: \(codes), found 66536"),
            (#"{"type":"close","code":1002}"#, "actions[1].code: \(codes), found 1002"),
            (#"{"type":"close","code":1005}"#, "actions[1].code: \(codes), found 1005"),
            (#"{"type":"close","code":1015}"#, "actions[1].code: \(codes), found 1015"),
            (#"{"type":"close","code":2999}"#, "actions[1].code: \(codes), found 2999"),
            (#"{"type":"close","code":5000}"#, "actions[1].code: \(codes), found 5000"),
            (#"{"type":"close","reason":5}"#, "actions[1].reason: expected a string, found a number"),
            (#"{"type":"close","reason":"\#(String(repeating: "é", count: 62))"}"#, "actions[1].reason: longer than 123 bytes"),
            (#"{"type":"close","to":"\#(id)x"}"#, "actions[1].to: not a connection's id"),
            // subscribe, unsubscribe
            (#"{"type":"subscribe"}"#, "actions[1].channel: expected a string, but it is missing"),
            (#"{"type":"subscribe","channel":null}"#, "actions[1].channel: expected a string, but it is missing"),
            (#"{"type":"subscribe","channel":["a"]}"#, "actions[1].channel: expected a string, found an array"),
            (#"{"type":"subscribe","channel":""}"#, "actions[1].channel: expected 1 to 256 bytes without control characters"),
            (#"{"type":"unsubscribe","channel":"a\n"}"#, "actions[1].channel: expected 1 to 256 bytes without control characters"),
            (#"{"type":"unsubscribe","channel":"\#(long)"}"#, "actions[1].channel: expected 1 to 256 bytes without control characters"),
            (#"{"type":"subscribe","channel":"a","to":""}"#, "actions[1].to: not a connection's id"),
            (#"{"type":"unsubscribe","channel":"a","to":[]}"#, "actions[1].to: expected a string, found an array"),
            // publish
            (#"{"type":"publish","text":"a"}"#, "actions[1].channel: expected a string, but it is missing"),
            (#"{"type":"publish","channel":"a"}"#, "actions[1]: expected exactly one of text, json, base64, found none"),
            (#"{"type":"publish","channel":"a","base64":"!"}"#, "actions[1].base64: not base64"),
            (#"{"type":"publish","channel":"a","text":"b","except":"\#(id)"}"#, "actions[1].except: expected an array, found a string"),
            (#"{"type":"publish","channel":"a","text":"b","except":["\#(id)",7]}"#, "actions[1].except[1]: expected a string, found a number"),
            (#"{"type":"publish","channel":"a","text":"b","except":["\#(id)","me"]}"#, "actions[1].except[1]: not a connection's id"),
            (#"{"type":"publish","channel":"a","text":"b","id":7}"#, "actions[1].id: expected a string, found a number"),
            (#"{"type":"publish","channel":"a","text":"b","id":""}"#, "actions[1].id: expected 1 to 256 bytes"),
            (#"{"type":"publish","channel":"a","text":"b","id":"\#(long)"}"#, "actions[1].id: expected 1 to 256 bytes"),
            // closeChannel
            (#"{"type":"closeChannel"}"#, "actions[1].channel: expected a string, but it is missing"),
            (#"{"type":"closeChannel","channel":"a","code":1006}"#, "actions[1].code: \(codes), found 1006"),
            (#"{"type":"closeChannel","channel":"a","reason":[]}"#, "actions[1].reason: expected a string, found an array"),
            // setState
            (#"{"type":"setState"}"#, "actions[1].state: expected an object, but it is missing"),
            (#"{"type":"setState","state":null}"#, "actions[1].state: expected an object, but it is missing"),
            (#"{"type":"setState","state":"a"}"#, "actions[1].state: expected an object, found a string"),
            (#"{"type":"setState","state":{"a":"b","user":42}}"#, "actions[1].state.user: expected a string or null, found a number"),
            (#"{"type":"setState","state":{"a":{}}}"#, "actions[1].state.a: expected a string or null, found an object"),
            (#"{"type":"setState","state":{},"to":"me"}"#, "actions[1].to: not a connection's id"),
        ])
    func action(_ action: String, _ message: String) {
        #expect(fault(#"{"actions":[{"type":"close"},\#(action)]}"#) == message)
    }

    @Test(
        "The control API must be told what to do, and on which connection",
        arguments: [
            ("", "not JSON: line 1, column 1: unexpected end"),
            (" \n", "not JSON: line 2, column 1: unexpected end"),
            ("{}", "actions: expected an array, but it is missing"),
            (#"{"actions":null}"#, "actions: expected an array, but it is missing"),
            (#"{"actions":[{"type":"accept"}]}"#, "actions[0].type: only possible in the answer to an open event"),
            (#"{"actions":[{"type":"reject"}]}"#, "actions[0].type: only possible in the answer to an open event"),
            (#"{"actions":[{"type":"send","text":"a"}]}"#, "actions[0].to: expected a connection's id, but it is missing"),
            (#"{"actions":[{"type":"send","text":"a","to":null}]}"#, "actions[0].to: expected a connection's id, but it is missing"),
            (#"{"actions":[{"type":"close"}]}"#, "actions[0].to: expected a connection's id, but it is missing"),
            (#"{"actions":[{"type":"subscribe","channel":"a"}]}"#, "actions[0].to: expected a connection's id, but it is missing"),
            (#"{"actions":[{"type":"unsubscribe","channel":"a"}]}"#, "actions[0].to: expected a connection's id, but it is missing"),
            (#"{"actions":[{"type":"setState","state":{}}]}"#, "actions[0].to: expected a connection's id, but it is missing"),
        ])
    func control(_ text: String, _ message: String) {
        #expect(fault(text, from: .control) == message)
    }

    @Test("The control API reads the same actions")
    func controlActions() throws {
        let text = #"""
            {"actions":[
                {"type":"send","text":"a","to":"\#(Self.id)"},
                {"type":"publish","channel":"room","text":"b"},
                {"type":"closeChannel","channel":"room"}]}
            """#
        let id = try #require(ConnectionID(Self.id))
        let room = ChannelName.sample("room")
        let actions = try JSONActionReader.read(ByteBuffer(string: text), from: .control)
        #expect(
            actions == [
                .send(.sample("a"), to: id), .publish(Publication(channel: room, payload: .sample("b"))),
                .closeChannel(room, code: .normal, reason: ""),
            ])
        #expect(try JSONActionReader.read(ByteBuffer(string: #"{"actions":[]}"#), from: .control).isEmpty)
    }

    @Test("The longest reason, channel and id are taken")
    func limits() throws {
        let reason = String(repeating: "x", count: 123)
        let name = String(repeating: "x", count: 256)
        let text = #"""
            {"actions":[{"type":"close","reason":"\#(reason)"}, {"type":"publish","channel":"\#(name)","text":"a","id":"\#(name)"}]}
            """#
        let actions = try JSONActionReader.read(ByteBuffer(string: text), from: .answer)
        #expect(
            actions == [
                .close(.normal, reason: reason, to: nil), .publish(Publication(channel: .sample(name), payload: .sample("a"), id: name)),
            ])
    }

    @Test("Invalid UTF-8 never becomes a text", arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        var body = ByteBuffer(string: #"{"actions":[{"type":"send","text":""#)
        body.writeBytes(bytes)
        body.writeString(#""}]}"#)
        let error = #expect(throws: DialectError.self) { try JSONActionReader.read(body, from: .answer) }
        #expect(error?.description.hasSuffix("string is not valid UTF-8") == true)
    }
}
