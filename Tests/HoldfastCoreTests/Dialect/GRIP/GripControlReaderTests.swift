// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct GripControlReaderTests {
    private static let types = "subscribe, unsubscribe, detach, session, set-meta, keep-alive, send-delayed, flush-delayed"

    private func read(_ json: String) throws(GripControlError) -> GripControlMessage { try GripControlReader.read(ByteBuffer(string: json)) }

    private func fault(_ json: String) -> GripControlError? { #expect(throws: GripControlError.self) { try read(json) } }

    private static func message(
        _ form: TimedMessage.Form, _ text: String, _ seconds: Int, isInterval: Bool = false
    ) -> TimedMessage {
        TimedMessage(form: form, bytes: ByteBuffer(string: text), after: .seconds(seconds), isInterval: isInterval)
    }

    // MARK: Good

    @Test(
        "Every type is read",
        arguments: [
            (#"{"type":"subscribe","channel":"room"}"#, .subscribe(channel: "room", filters: [], previousID: nil)),
            (#" { "channel" : "é \" 🎈", "type":"subscribe" } "#, .subscribe(channel: "é \" 🎈", filters: [], previousID: nil)),
            (
                #"{"type":"subscribe","channel":"a","filters":["skip-self","var-subst"],"prev-id":"7"}"#,
                .subscribe(channel: "a", filters: ["skip-self", "var-subst"], previousID: "7")
            ),
            (#"{"type":"unsubscribe","channel":"room"}"#, .unsubscribe(channel: "room")),
            (#"{"type":"detach"}"#, .detach),
            (#"{"type":"session","id":"s1"}"#, .session(id: "s1")),
            (#"{"type":"set-meta","name":"user","value":"alice"}"#, .setMeta(name: "user", value: "alice")),
            (#"{"type":"flush-delayed"}"#, .flushDelayed),
        ] as [(String, GripControlMessage)])
    func everyType(_ json: String, _ expected: GripControlMessage) throws {
        #expect(try read(json) == expected)
    }

    @Test(
        "What may be absent may be null or empty too, and what a type does not have is ignored",
        arguments: [
            (#"{"type":"subscribe","channel":"a","filters":[],"prev-id":""}"#, .subscribe(channel: "a", filters: [], previousID: nil)),
            (#"{"type":"subscribe","channel":"a","filters":null,"prev-id":null}"#, .subscribe(channel: "a", filters: [], previousID: nil)),
            (#"{"type":"subscribe","channel":"a","id":7,"content":[],"timeout":-1}"#, .subscribe(channel: "a", filters: [], previousID: nil)),
            (#"{"type":"unsubscribe","channel":"a","filters":7}"#, .unsubscribe(channel: "a")),
            (#"{"type":"detach","channel":7}"#, .detach),
            (#"{"type":"session"}"#, .session(id: nil)), (#"{"type":"session","id":null}"#, .session(id: nil)),
            (#"{"type":"session","id":""}"#, .session(id: nil)),
            (#"{"type":"set-meta","name":"user"}"#, .setMeta(name: "user", value: nil)),
            (#"{"type":"set-meta","name":"user","value":null}"#, .setMeta(name: "user", value: nil)),
            // An empty value is a value.
            (#"{"type":"set-meta","name":"user","value":""}"#, .setMeta(name: "user", value: "")),
            // The last of two members counts.
            (#"{"type":"detach","type":"flush-delayed"}"#, .flushDelayed),
        ] as [(String, GripControlMessage)])
    func absent(_ json: String, _ expected: GripControlMessage) throws {
        #expect(try read(json) == expected)
    }

    @Test(
        "A keep-alive has a message, a timeout of 55 seconds and the mode idle, unless it says otherwise",
        arguments: [
            (#""content":"hi""#, message(.text, "hi", 55)),
            (#""content":"""#, message(.text, "", 55)),
            (#""content":"hi","message-type":"text","mode":"idle","timeout":20"#, message(.text, "hi", 20)),
            (#""content":"hi","message-type":"binary","mode":"interval""#, message(.binary, "hi", 55, isInterval: true)),
            (#""content":"","message-type":"ping""#, message(.ping, "", 55)),
            (#""content-bin":"aGk=","message-type":"pong""#, message(.pong, "hi", 55)),
            // Text, though it is written in base64; and that goes before the other.
            (#""content-bin":"aGk=""#, message(.text, "hi", 55)),
            (#""content-bin":"aGk=","content":"ho""#, message(.text, "hi", 55)),
            (#""content-bin":null,"content":"ho""#, message(.text, "ho", 55)),
            (#""content":"hi","timeout":null,"mode":null,"message-type":null"#, message(.text, "hi", 55)),
            // None.
            ("", nil), (#""content":null"#, nil), (#""content-bin":null"#, nil), (#""timeout":"soon","mode":7"#, nil),
            (#""message-type":"ping""#, nil),
        ] as [(String, TimedMessage?)])
    func keepAlive(_ members: String, _ expected: TimedMessage?) throws {
        #expect(try read(#"{"type":"keep-alive"\#(members.isEmpty ? "" : ",")\#(members)}"#) == .keepAlive(expected))
    }

    @Test(
        "A delayed message waits a second, unless it says otherwise, and is empty without content",
        arguments: [
            (#""content":"hi""#, message(.text, "hi", 1)), (#""content":"hi","timeout":5"#, message(.text, "hi", 5)),
            (#""timeout":5,"message-type":"ping""#, message(.ping, "", 5)), (#""content-bin":"/w==","message-type":"binary""#, nil),
            (#""content":"x","mode":7"#, message(.text, "x", 1)),
        ] as [(String, TimedMessage?)])
    func sendDelayed(_ members: String, _ expected: TimedMessage?) throws {
        let expected = expected ?? TimedMessage(form: .binary, bytes: ByteBuffer(bytes: [0xFF]), after: .seconds(1))
        #expect(try read(#"{"type":"send-delayed",\#(members)}"#) == .sendDelayed(expected))
    }

    @Test(
        "A timeout is a number in any form, rounded to seconds",
        arguments: [
            ("1", 1), ("30.0", 30), ("3e1", 30), ("0.5", 1), ("1.4", 1), ("1.6", 2), ("2147483647", 2_147_483_647), ("\"30\"", 30), ("\"30.4\"", 30),
        ])
    func timeouts(_ number: String, _ seconds: Int) throws {
        let expected = GripControlMessage.keepAlive(Self.message(.text, "", seconds))
        #expect(try read(#"{"type":"keep-alive","content":"","timeout":\#(number)}"#) == expected)
    }

    // MARK: Faults

    @Test(
        "A fault is told with the member and what is accepted",
        arguments: [
            ("", "not JSON: line 1, column 1: unexpected end"),
            ("{", "not JSON: line 1, column 2: expected a member name in quotes"),
            (#"{"type":"detach"} x"#, "not JSON: line 1, column 19: unexpected text after the value"),
            ("{'type':'detach'}", "not JSON: line 1, column 2: expected a member name in quotes"),
            ("[]", "expected an object {\"type\": …}, found an array"),
            (#"[{"type":"detach"}]"#, "expected an object {\"type\": …}, found an array"),
            ("\"detach\"", "expected an object {\"type\": …}, found a string"),
            ("null", "expected an object {\"type\": …}, found null"),
            ("{}", "type: expected one of \(types), but it is missing"),
            (#"{"type":null}"#, "type: expected one of \(types), but it is missing"),
            (#"{"type":7}"#, "type: expected a string, found a number"),
            (#"{"type":"Subscribe","channel":"a"}"#, "type: unknown type \"Subscribe\"; accepted: \(types)"),
            (#"{"type":"set-hold"}"#, "type: unknown type \"set-hold\"; accepted: \(types)"),
            (#"{"type":""}"#, "type: unknown type \"\"; accepted: \(types)"),
            // subscribe, unsubscribe
            (#"{"type":"subscribe"}"#, "channel: expected a string, but it is missing"),
            (#"{"type":"subscribe","channel":null}"#, "channel: expected a string, but it is missing"),
            (#"{"type":"subscribe","channel":""}"#, "channel: expected at least one character"),
            (#"{"type":"subscribe","channel":7}"#, "channel: expected a string, found a number"),
            (#"{"type":"subscribe","channel":["a"]}"#, "channel: expected a string, found an array"),
            (#"{"type":"unsubscribe"}"#, "channel: expected a string, but it is missing"),
            (#"{"type":"unsubscribe","channel":""}"#, "channel: expected at least one character"),
            (#"{"type":"unsubscribe","channel":{}}"#, "channel: expected a string, found an object"),
            (#"{"type":"subscribe","channel":"a","filters":"skip-self"}"#, "filters: expected an array, found a string"),
            (#"{"type":"subscribe","channel":"a","filters":["skip-self",7]}"#, "filters[1]: expected a string, found a number"),
            (#"{"type":"subscribe","channel":"a","filters":[null]}"#, "filters[0]: expected a string, found null"),
            (#"{"type":"subscribe","channel":"a","prev-id":7}"#, "prev-id: expected a string, found a number"),
            // session, set-meta
            (#"{"type":"session","id":7}"#, "id: expected a string, found a number"),
            (#"{"type":"set-meta"}"#, "name: expected a string, but it is missing"),
            (#"{"type":"set-meta","name":""}"#, "name: expected at least one character"),
            (#"{"type":"set-meta","name":true}"#, "name: expected a string, found a boolean"),
            (#"{"type":"set-meta","name":"user","value":7}"#, "value: expected a string, found a number"),
        ])
    func faults(_ json: String, _ message: String) {
        #expect(fault(json) == GripControlError(.notUnderstood, message))
    }

    @Test(
        "A fault in a message is told for both types that have one",
        arguments: [
            (#""content":7"#, "content: expected a string, found a number"),
            (#""content":{}"#, "content: expected a string, found an object"),
            (#""content-bin":7"#, "content-bin: expected a string, found a number"),
            (#""content-bin":"a""#, "content-bin: not base64"), (#""content-bin":"aGk""#, "content-bin: not base64"),
            (#""content-bin":"a_-=","message-type":"binary""#, "content-bin: not base64"),
            (#""content-bin":"/w==""#, "content-bin: not valid UTF-8, which a text message must be; accepted with \"message-type\": \"binary\""),
            (#""content-bin":"4p8=""#, "content-bin: not valid UTF-8, which a text message must be; accepted with \"message-type\": \"binary\""),
            (#""message-type":"close","content":"""#, "message-type: unknown message type \"close\"; accepted: text, binary, ping, pong"),
            (#""message-type":"TEXT","content":"""#, "message-type: unknown message type \"TEXT\"; accepted: text, binary, ping, pong"),
            (#""message-type":1,"content":"""#, "message-type: expected a string, found a number"),
            (#""content":"","timeout":0"#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":0.4"#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":-1"#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":2147483648"#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":1e999"#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":99999999999999999999999"#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":"0""#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":"""#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":"1.2.3""#, "timeout: expected 1 to 2147483647 seconds"),
            (#""content":"","timeout":"inf""#, "timeout: expected a number of seconds, found \"inf\""),
            (#""content":"","timeout":"20s""#, "timeout: expected a number of seconds, found \"20s\""),
            (#""content":"","timeout":true"#, "timeout: expected a number of seconds, found a boolean"),
            (#""content":"","timeout":[]"#, "timeout: expected a number of seconds, found an array"),
        ])
    func messageFaults(_ members: String, _ message: String) {
        for type in ["keep-alive", "send-delayed"] {
            #expect(fault(#"{"type":"\#(type)",\#(members)}"#) == GripControlError(.notUnderstood, message))
        }
    }

    @Test(
        "A mode is idle or interval",
        arguments: [
            (#""Idle""#, "mode: unknown mode \"Idle\"; accepted: idle, interval"), (#""""#, "mode: unknown mode \"\"; accepted: idle, interval"),
            ("7", "mode: expected a string, found a number"),
        ])
    func mode(_ mode: String, _ message: String) {
        #expect(fault(#"{"type":"keep-alive","content":"","mode":\#(mode)}"#) == GripControlError(.notUnderstood, message))
    }

    @Test("A ping or pong holds 125 bytes, not 126; a text more", arguments: ["keep-alive", "send-delayed"], ["ping", "pong", "text"])
    func pingSize(_ type: String, _ form: String) throws {
        func json(_ count: Int) -> String { #"{"type":"\#(type)","message-type":"\#(form)","content":"\#(String(repeating: "x", count: count))"}"# }
        #expect(throws: Never.self) { try read(json(125)) }
        if form == "text" {
            #expect(throws: Never.self) { try read(json(126)) }
        } else {
            #expect(fault(json(126)) == GripControlError(.notUnderstood, "content: expected at most 125 bytes in a \(form), found 126"))
        }
    }

    @Test("Five filters are allowed; a sixth ends the connection, known or not")
    func tooManyFilters() throws {
        func json(_ count: Int) -> String {
            let filters = (0..<count).map { "\"f\($0)\"" }.joined(separator: ",")
            return #"{"type":"subscribe","channel":"a","filters":[\#(filters)]}"#
        }
        #expect(try read(json(5)) == .subscribe(channel: "a", filters: ["f0", "f1", "f2", "f3", "f4"], previousID: nil))
        #expect(fault(json(6)) == GripControlError(.tooManyFilters, "filters: expected at most 5, found 6"))
        #expect(fault(json(1000))?.code == .tooManyFilters)
    }

    @Test("A previous id is as long as a publication's id may be")
    func previousID() throws {
        func json(_ count: Int) -> String { #"{"type":"subscribe","channel":"a","prev-id":"\#(String(repeating: "7", count: count))"}"# }
        #expect(try read(json(256)) == .subscribe(channel: "a", filters: [], previousID: String(repeating: "7", count: 256)))
        #expect(fault(json(257)) == GripControlError(.notUnderstood, "prev-id: expected 1 to 256 bytes"))
    }
}
