// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// Each event of an answer with each of its fields missing, of another kind, and of the right kind with a wrong value.
struct SlipAnswerTests {
    private static let id = "n1.0.AAAAB3v9mQx0a2bJ4cdEfQ"
    private static let types =
        "ACCEPT, CLOSE, TEXT, BINARY, SUBSCRIBE, UNSUBSCRIBE, SET_METADATA, PUBLISH_TEXT, PUBLISH_BINARY, CLOSE_CHANNEL"
    private static let codes = "expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found"

    private static let connectionFaults: [(String, String)] = ["ACCEPT", "CLOSE", "TEXT", "BINARY", "SUBSCRIBE", "UNSUBSCRIBE", "SET_METADATA"]
        .flatMap { type in
            let rest = #""data":"AA==","channel":"c","metadata":1"#
            return [
                (#"{"type":"\#(type)",\#(rest)}"#, "events[0].connectionId: expected a connection's id, but it is missing"),
                (#"{"type":"\#(type)","connectionId":null,\#(rest)}"#, "events[0].connectionId: expected a connection's id, but it is missing"),
                (#"{"type":"\#(type)","connectionId":7,\#(rest)}"#, "events[0].connectionId: expected a string, found a number"),
                (#"{"type":"\#(type)","connectionId":["x"],\#(rest)}"#, "events[0].connectionId: expected a string, found an array"),
            ]
        }

    private static let channelFaults: [(String, String)] = [
        ("SUBSCRIBE", "channel", "channelId"), ("UNSUBSCRIBE", "channel", "channelId"), ("PUBLISH_TEXT", "channelId", "channel"),
        ("PUBLISH_BINARY", "channelId", "channel"), ("CLOSE_CHANNEL", "channelId", "channel"),
    ].flatMap { (type: String, shown: String, other: String) in
        let start = #"{"type":"\#(type)","connectionId":"\#(id)","data":"AA==""#
        let long = String(repeating: "é", count: 129)
        return [
            ("\(start)}", "events[0].\(shown): expected a string, but it is missing"),
            (#"\#(start),"\#(shown)":null}"#, "events[0].\(shown): expected a string, but it is missing"),
            (#"\#(start),"\#(shown)":1}"#, "events[0].\(shown): expected a string, found a number"),
            (#"\#(start),"\#(other)":{}}"#, "events[0].\(other): expected a string, found an object"),
            (#"\#(start),"\#(shown)":""}"#, "events[0].\(shown): expected 1 to 256 bytes without control characters"),
            (#"\#(start),"\#(shown)":"a\nb"}"#, "events[0].\(shown): expected 1 to 256 bytes without control characters"),
            (#"\#(start),"\#(other)":"\#(long)"}"#, "events[0].\(other): expected 1 to 256 bytes without control characters"),
            (#"\#(start),"\#(shown)":"a","\#(other)":"b"}"#, "events[0]: \(shown) and \(other) name different channels"),
            (#"\#(start),"\#(shown)":"a","\#(other)":1}"#, "events[0].\(other): expected a string, found a number"),
        ]
    }

    private static let dataFaults: [(String, String)] = ["TEXT", "BINARY", "PUBLISH_TEXT", "PUBLISH_BINARY"].flatMap { type in
        let start = #"{"type":"\#(type)","connectionId":"\#(id)","channelId":"c""#
        let what = type.hasSuffix("BINARY") ? "a string in base64" : "a string"
        return [
            ("\(start)}", "events[0].data: expected \(what), but it is missing"),
            (#"\#(start),"data":null}"#, "events[0].data: expected \(what), but it is missing"),
            (#"\#(start),"data":{"a":1}}"#, "events[0].data: expected a string, found an object"),
            (#"\#(start),"data":true}"#, "events[0].data: expected a string, found a boolean"),
        ] + (type.hasSuffix("BINARY") ? [(#"\#(start),"data":"A"}"#, "events[0].data: not base64")] : [])
    }

    private static let closingFaults: [(String, String)] = ["CLOSE", "CLOSE_CHANNEL"].flatMap { type in
        let start = #"{"type":"\#(type)","connectionId":"\#(id)","channelId":"c""#
        return [
            (#"\#(start),"code":"1000"}"#, "events[0].code: expected a whole number, found a string"),
            (#"\#(start),"code":1000.5}"#, "events[0].code: expected a whole number, found a number"),
            (#"\#(start),"code":1002}"#, "events[0].code: \(codes) 1002"), (#"\#(start),"code":1005}"#, "events[0].code: \(codes) 1005"),
            (#"\#(start),"code":0}"#, "events[0].code: \(codes) 0"), (#"\#(start),"code":-1}"#, "events[0].code: \(codes) -1"),
            (#"\#(start),"code":66536}"#, "events[0].code: \(codes) 66536"),
            (#"\#(start),"reason":7}"#, "events[0].reason: expected a string, found a number"),
            (#"\#(start),"reason":"\#(String(repeating: "é", count: 62))"}"#, "events[0].reason: longer than 123 bytes"),
        ]
    }

    private static let otherFaults: [(String, String)] = [
        ("1", "events[0]: expected an object, found a number"), ("null", "events[0]: expected an object, found null"),
        ("[]", "events[0]: expected an object, found an array"), ("{}", "events[0].type: expected one of \(types), but it is missing"),
        (#"{"type":null}"#, "events[0].type: expected one of \(types), but it is missing"),
        (#"{"type":7}"#, "events[0].type: expected a string, found a number"),
        (#"{"type":"text"}"#, "events[0].type: unknown type \"text\"; accepted: \(types)"),
        (#"{"type":"OPEN"}"#, "events[0].type: unknown type \"OPEN\"; accepted: \(types)"),
        (#"{"type":""}"#, "events[0].type: unknown type \"\"; accepted: \(types)"),
        (#"{"type":"POLL_FOR_CONNECTION","connectionId":"x","timeout":1}"#, "events[0].type: only possible in a control request"),
        (#"{"type":"CLOSE","connectionId":"x","status":403}"#, "events[0].status: only possible in the answer to OPEN"),
        (#"{"type":"ACCEPT","connectionId":"x","subprotocol":"a"}"#, "events[0].subprotocol: only possible in the answer to OPEN"),
        (
            #"{"type":"TEXT","connectionId":"x","data":"fine"},{"type":"TEXT"}"#,
            "events[1].connectionId: expected a connection's id, but it is missing"
        ),
    ]

    @Test(arguments: connectionFaults + channelFaults + dataFaults + closingFaults + otherFaults)
    func wrongEvent(_ event: String, _ why: String) throws {
        let error = #expect(throws: DialectError.self) { _ = try Self.actions(#"{"events":[\#(event)]}"#) }
        #expect(error == .notUnderstood(why))
        // The same sentence for whoever sends it in a control request, unless the type itself is possible there, or is not.
        guard !event.contains("ACCEPT"), !event.contains("POLL"), !why.contains(Self.types) else { return }
        let reply = try Self.control(#"{"events":[\#(event)]}"#)
        #expect(try JSONReader.parse(ByteBuffer(string: reply.body))["detail"]?.string == why)
        #expect(reply.status == 400)
    }

    private static let wrongBodies: [(String, String)] = [
        ("null", "expected an object {\"events\": […]}, found null"), ("7", "expected an object {\"events\": […]}, found a number"),
        ("\"ACCEPT\"", "expected an object {\"events\": […]}, found a string"), ("{}", "events: expected an array, but it is missing"),
        (#"{"events":null}"#, "events: expected an array, but it is missing"), (#"{"events":{}}"#, "events: expected an array, found an object"),
        (#"{"events":"x"}"#, "events: expected an array, found a string"), (#"[1]"#, "events[0]: expected an object, found a number"),
        (#"{"events":[]"#, "not JSON: line 1, column 13: expected ',' or '}'"),
    ]

    @Test(arguments: wrongBodies)
    func wrongBody(_ body: String, _ why: String) throws {
        let error = #expect(throws: DialectError.self) { _ = try Self.actions(body) }
        #expect(error == .notUnderstood(why))
        let reply = try Self.control(body)
        #expect(try JSONReader.parse(ByteBuffer(string: reply.body))["detail"]?.string == why)
    }

    @Test(arguments: ["", " \r\n\t"])
    func anEmptyBodyAsksForNothing(_ body: String) throws {
        #expect(try Self.actions(body).isEmpty)
    }

    private static let controlFaults: [(String, String)] = [
        (#"{"type":"ACCEPT","connectionId":"x"}"#, "events[0].type: only possible in the answer to OPEN"),
        (
            #"{"type":"POLL_FOR_CONNECTION","timeout":1}"#, "events[0].connectionId: expected a connection's id, but it is missing"
        ),
        (
            #"{"type":"POLL_FOR_CONNECTION","connectionId":"x"}"#,
            "events[0].timeout: expected a number of milliseconds, but it is missing"
        ),
        (
            #"{"type":"POLL_FOR_CONNECTION","connectionId":"x","timeout":"1000"}"#,
            "events[0].timeout: expected a number of milliseconds, found a string"
        ),
        (
            #"{"type":"POLL_FOR_CONNECTION","connectionId":"x","timeout":-0.5}"#,
            "events[0].timeout: expected 0 or more milliseconds, found -0.5"
        ),
        (
            #"{"type":"NO"}"#,
            "events[0].type: unknown type \"NO\"; accepted: CLOSE, TEXT, BINARY, SUBSCRIBE, UNSUBSCRIBE, SET_METADATA, PUBLISH_TEXT, "
                + "PUBLISH_BINARY, CLOSE_CHANNEL, POLL_FOR_CONNECTION"
        ),
    ]

    @Test(arguments: controlFaults)
    func wrongControlEvent(_ event: String, _ why: String) throws {
        let reply = try Self.control(#"{"events":[\#(event)]}"#)
        #expect(reply.status == 400)
        #expect(try JSONReader.parse(ByteBuffer(string: reply.body))["detail"]?.string == why)
    }

    @Test(arguments: [
        ("299", "expected a status from 300 to 599, found 299"), ("600", "expected a status from 300 to 599, found 600"),
        ("\"403\"", "expected a whole number, found a string"), ("403.5", "expected a whole number, found a number"),
    ])
    func wrongStatusOfARefusal(_ status: String, _ why: String) throws {
        let actions = try Self.actions(
            #"{"events":[{"type":"CLOSE","connectionId":"\#(Self.id)","status":\#(status)}]}"#, to: .open(.sample()))
        #expect(actions.last == .control(.warn("the client is refused with 400: events[0].status: \(why)"), to: nil))
        guard case .reject(let refusal) = actions.first else { return #expect(Bool(false), "refused") }
        #expect(refusal.status == 400)
    }

    // MARK: Asking

    private static func actions(_ body: String, to event: Event = .message(.sample("x"))) throws -> [Action] {
        var bytes = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
        var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 10_000)
        let response = try #require(try reader.next(from: &bytes))
        let session = SessionView.sample(id: try #require(ConnectionID(id)))
        return try SlipDialect(settings: SlipSettings()).actions(from: response, to: [SequencedEvent(seq: 1, event: event)], in: session)
    }

    private static func control(_ body: String) throws -> ControlReply {
        let request = ControlRequest(
            method: "POST", path: "/", contentType: "application/websocket-events", body: ByteBuffer(string: body))
        let command = try #require(SlipDialect(settings: SlipSettings()).command(from: request))
        #expect(command.steps.isEmpty)
        return command.reply([])
    }
}
