// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// What goes right is in the transcripts; here is all that goes wrong, each with the JSON path by which it is named.
struct UnsocketEntryTests {
    private static let types = "connect, text, message, binary, exclude, close, open"
    private static let codes = "expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999"
    private static let long = String(repeating: "x", count: 129)
    private static let nameRule = "expected a name of 1 to 128 bytes without control characters"

    private func fault(_ body: String, to event: Event = .message(.sample("hello"))) throws -> String? {
        var bytes = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
        var reader = HTTPResponseReader(maxHeadBytes: 1 << 10, maxBodyBytes: 1 << 20)
        let response = try #require(try reader.next(from: &bytes))
        let dialect = UnsocketDialect(settings: UnsocketSettings())
        let error = #expect(throws: DialectError.self) {
            try dialect.actions(from: response, to: [SequencedEvent(seq: 1, event: event)], in: .sample())
        }
        #expect(error?.code == .notUnderstood)
        return error?.description
    }

    private func pushFault(_ body: String) throws -> String? {
        let request = ControlRequest(method: "POST", path: "/message", contentType: "application/json", body: ByteBuffer(string: body))
        let command = try #require(UnsocketDialect(settings: UnsocketSettings()).command(from: request))
        #expect(command.actions.isEmpty)
        let reply = command.reply([])
        #expect(reply.status == 400)
        return try JSONReader.parse(ByteBuffer(string: reply.body))["detail"]?.string
    }

    @Test(
        "A fault in the document is told with its place",
        arguments: [
            ("OK", "not JSON: line 1, column 1: expected a value"),
            ("[{}", "not JSON: line 1, column 4: expected ',' or ']'"),
            ("7", "expected an array, or an object {\"messages\": […]}, found a number"),
            ("\"text\"", "expected an array, or an object {\"messages\": […]}, found a string"),
            ("true", "expected an array, or an object {\"messages\": […]}, found a boolean"),
            (#"{"messages":{}}"#, "messages: expected an array, found an object"),
            (#"{"messages":"text"}"#, "messages: expected an array, found a string"),
            (#"{"messages":[7]}"#, "messages[0]: expected an object, found a number"),
            (#"{"type":"text"}"#, "text: expected a string, but it is missing"),
            (#"{"type":7}"#, "type: expected a string, found a number"),
            (#"{"type":"shout"}"#, "type: unknown type \"shout\"; accepted: \(types)"),
        ])
    func document(_ text: String, _ message: String) throws {
        #expect(try fault(text) == message)
    }

    private static let entries: [(String, String)] = [
        ("7", ": expected an object, found a number"),
        ("null", ": expected an object, found null"),
        ("[]", ": expected an object, found an array"),
        ("{}", ".type: expected one of \(types), but it is missing"),
        (#"{"type":null}"#, ".type: expected one of \(types), but it is missing"),
        (#"{"type":7}"#, ".type: expected a string, found a number"),
        (#"{"type":"Text","text":""}"#, ".type: unknown type \"Text\"; accepted: \(types)"),
        (#"{"type":"ping"}"#, ".type: unknown type \"ping\"; accepted: \(types)"),
        (#"{"type":"text"}"#, ".text: expected a string, but it is missing"),
        (#"{"type":"text","text":null}"#, ".text: expected a string, but it is missing"),
        (#"{"type":"text","text":7}"#, ".text: expected a string, found a number"),
        (#"{"type":"text","text":["a"]}"#, ".text: expected a string, found an array"),
        (#"{"type":"message","text":7}"#, ".text: expected a string, found a number"),
        (#"{"type":"message","base64":7}"#, ".base64: expected a string, found a number"),
        (#"{"type":"message","text":"a","base64":""}"#, ": expected text or base64, found both"),
        (#"{"type":"binary"}"#, ".base64: expected a string, but it is missing"),
        (#"{"type":"binary","base64":true}"#, ".base64: expected a string, found a boolean"),
        (#"{"type":"binary","base64":"*"}"#, ".base64: not base64"),
        (#"{"type":"text","text":"","connection":7}"#, ".connection: expected a string, found a number"),
        (#"{"type":"text","text":"","connection":""}"#, ".connection: \(nameRule)"),
        (#"{"type":"text","text":"","connection":"a\n"}"#, ".connection: \(nameRule)"),
        (#"{"type":"text","text":"","connection":"\#(long)"}"#, ".connection: \(nameRule)"),
        (#"{"type":"close","code":"1000"}"#, ".code: expected a whole number, found a string"),
        (#"{"type":"close","code":1.5}"#, ".code: expected a whole number, found a number"),
        (#"{"type":"close","code":1002}"#, ".code: \(codes), found 1002"),
        (#"{"type":"close","code":1006}"#, ".code: \(codes), found 1006"),
        (#"{"type":"close","code":70000}"#, ".code: \(codes), found 70000"),
        (#"{"type":"close","reason":7}"#, ".reason: expected a string, found a number"),
        (#"{"type":"close","reason":"\#(long)"}"#, ".reason: longer than 123 bytes"),
    ]

    @Test("A fault in an entry is told with its path, and spoils the whole answer", arguments: entries)
    func entry(_ text: String, _ message: String) throws {
        #expect(try fault(#"{"messages":[{"type":"text","text":"good"},\#(text)]}"#) == "messages[1]\(message)")
        #expect(try fault(#"[{"type":"text","text":"good"},\#(text)]"#) == "[1]\(message)")
    }

    @Test(
        "A fault of a connect entry is told with its path, at the beginning and later",
        arguments: [
            (#""x":1"#, ".url: expected a string, but it is missing"),
            (#""url":7"#, ".url: expected a string, found a number"),
            (#""url":"https://example.com""#, ".url: \(DialURL.rule)"),
            (#""url":"wss://user@example.com""#, ".url: \(DialURL.rule)"),
            (#""url":"wss://a/","protocols":7"#, ".protocols: expected an array, found a number"),
            (#""url":"wss://a/","protocols":{}"#, ".protocols: expected an array, found an object"),
            (#""url":"wss://a/","protocols":["a",7]"#, ".protocols[1]: expected a string, found a number"),
            (#""url":"wss://a/","protocols":["a b"]"#, ".protocols[0]: not a subprotocol's name"),
            (#""url":"wss://a/","protocols":[""]"#, ".protocols[0]: not a subprotocol's name"),
            (#""url":"wss://a/","protocols":"a,b""#, ".protocols: not a subprotocol's name"),
            (#""url":"wss://a/","protocols":["a","b","a"]"#, ".protocols[2]: \"a\" stands here twice"),
            (#""url":"wss://a/","headers":[]"#, ".headers: expected an object, found an array"),
            (#""url":"wss://a/","headers":{"x":7}"#, ".headers.x: expected a string, found a number"),
            (#""url":"wss://a/","headers":{"x":["a",7]}"#, ".headers.x[1]: expected a string, found a number"),
            (#""url":"wss://a/","headers":{"x y":"a"}"#, ".headers.x y: not a header name"),
            (#""url":"wss://a/","headers":{"x":"a\r\nb"}"#, ".headers.x: a control character in a header"),
            (#""url":"wss://a/","headers":{"Host":"a"}"#, ".headers.Host: this header is the gateway's own"),
            (#""url":"wss://a/","headers":{"Sec-WebSocket-Protocol":"a"}"#, ".headers.Sec-WebSocket-Protocol: this header is the gateway's own"),
            (#""url":"wss://a/","reconnect":"yes""#, ".reconnect: expected true or false, found a string"),
            (#""url":"wss://a/","reconnect":1"#, ".reconnect: expected true or false, found a number"),
        ])
    func connect(_ members: String, _ message: String) throws {
        let body = #"{"messages":[{"type":"connect",\#(members)}]}"#
        for event in [Event.ready(DialQuestion()), .ready(DialQuestion(name: "1", failures: 2)), .message(.sample("hello"))] {
            #expect(try fault(body, to: event) == "messages[0]\(message)")
        }
    }

    @Test(
        "Names and patterns must fit together",
        arguments: [
            (#"{"type":"connect","url":"wss://b/","connection":"1"}"#, "[1]: \"1\" is the name of another connect entry already"),
            (#"{"type":"exclude"}"#, "[1].pattern: expected a regular expression, but it is missing"),
            (#"{"type":"exclude","pattern":7}"#, "[1].pattern: expected a string, found a number"),
            (#"{"type":"exclude","pattern":""}"#, "[1].pattern: not a regular expression that can be used: expected 1 to 500 bytes"),
            (#"{"type":"exclude","pattern":"a("}"#, "[1].pattern: not a regular expression that can be used: a ( without its ), at character 2"),
            (
                #"{"type":"exclude","pattern":"a","connection":"b"}"#,
                "[1]: exclude belongs behind the connect entry whose messages it is about, or names its connection"
            ),
        ])
    func fit(_ second: String, _ message: String) throws {
        #expect(try fault(#"[{"type":"connect","url":"wss://a/"},\#(second)]"#, to: .ready(DialQuestion())) == message)
    }

    @Test("A pattern without a connection is a fault, for it would do nothing")
    func lonelyPattern() throws {
        let expected = "[0]: exclude belongs behind the connect entry whose messages it is about, or names its connection"
        #expect(try fault(#"[{"type":"exclude","pattern":"a"}]"#) == expected)
    }

    @Test("The patterns of one connection are counted")
    func tooManyPatterns() throws {
        let many = Array(repeating: #"{"type":"exclude","pattern":"a"}"#, count: TextFilter.maxPatterns + 1).joined(separator: ",")
        let body = #"[{"type":"connect","url":"wss://a/"},\#(many)]"#
        #expect(try fault(body, to: .ready(DialQuestion())) == "[33]: more than 32 patterns for one connection")
    }

    @Test(
        "What is posted is checked in the same way, whole, and says what is possible there",
        arguments: [
            ("null", "expected an array, or an object {\"messages\": […]}, found null"),
            ("7", "expected an array, or an object {\"messages\": […]}, found a number"),
            ("{}", "type: expected one of text, message, binary, close, but it is missing"),
            (#"{"messages":7}"#, "messages: expected an array, found a number"),
            (#"{"messages":[]}"#, "no message: expected at least one entry, such as {\"type\":\"text\",\"text\":\"hello\"}"),
            (#"[{"text":"good"},{"type":"open"}]"#, "[1].type: unknown type \"open\"; accepted: text, message, binary, close"),
            (#"[{"type":"message"}]"#, "[0].text: expected a string, but it is missing"),
            (#"{"type":"message"}"#, "text: expected a string, but it is missing"),
            (#"{"text":"a","base64":"AA=="}"#, "expected text or base64, found both"),
            (
                #"[{"type":"connect","url":"wss://a/"}]"#,
                "[0].type: connect is possible only in an answer; accepted here: text, message, binary, close"
            ),
            (#"{"type":"exclude","pattern":"a"}"#, "type: exclude is possible only in an answer; accepted here: text, message, binary, close"),
            (#"[{"type":"close","code":7}]"#, "[0].code: \(codes), found 7"),
        ])
    func push(_ body: String, _ message: String) throws {
        #expect(try pushFault(body) == message)
    }
}
