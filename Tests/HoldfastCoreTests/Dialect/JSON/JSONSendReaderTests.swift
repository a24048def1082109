// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import HoldfastCore

struct JSONSendReaderTests {
    private static func sends(_ texts: String...) -> [Action] { texts.map { .send(.text(ByteBuffer(string: $0)), to: nil) } }

    @Test(
        "Sends of plain text are understood, however they are laid out",
        arguments: [
            (#"{"actions":[{"type":"send","text":"hi"}]}"#, sends("hi")),
            (#"{"actions":[{"text":"hi","type":"send"}]}"#, sends("hi")),
            (#"{"actions":[{"type":"send","text":""}]}"#, sends("")),
            (#"{"actions":[]}"#, []),
            (#"{"actions":[{"type":"send","text":"a"},{"text":"b","type":"send"}]}"#, sends("a", "b")),
            ("\r\n { \"actions\"\t: [ {\"type\" :\"send\" , \"text\" : \"a b\" } ] } \n", sends("a b")),
            (#"{"actions":[{"type":"send","text":"grüße 🎈"}]}"#, sends("grüße 🎈")),
        ])
    func accepted(_ body: String, _ actions: [Action]) throws {
        #expect(JSONSendReader.read(ByteBuffer(string: body)) == actions)
        #expect(try JSONActionReader.readAny(ByteBuffer(string: body), from: .answer) == actions)
    }

    @Test(
        "Whatever else there is, right or wrong, is left to the reader of all",
        arguments: [
            "", " ", "{}", "[]", "null", #"{"actions":null}"#, #"{"actions":{}}"#, #"{"actions":[1]}"#, #"{"actions":[{}]}"#,
            #"{"actions":[{"type":"send"}]}"#, #"{"actions":[{"text":"a"}]}"#, #"{"actions":[{"type":"send","text":1}]}"#,
            #"{"actions":[{"type":"send","text":null}]}"#, #"{"actions":[{"type":"send","text":"a\n"}]}"#,
            #"{"actions":[{"type":"close","text":"a"}]}"#, #"{"actions":[{"type":"send","json":"a"}]}"#,
            #"{"actions":[{"type":"send","text":"a","to":"n.0.x"}]}"#, #"{"actions":[{"type":"send","type":"send","text":"a"}]}"#,
            #"{"actions":[{"type":"send","text":"a","text":"b"}]}"#, #"{"actions":[{"type":"send","text":"a"}],"x":1}"#,
            #"{"x":1,"actions":[{"type":"send","text":"a"}]}"#, #"{"actions":[{"type":"send","text":"a"},]}"#,
            #"{"actions":[{"type":"send","text":"a"}"#, #"{"actions":[{"type":"send","text":"a"}]"#, #"{"actions":[{"type":"send","text":"a"#,
            #"{"actions":[{"type":"send","text":"a"}]}}"#, #"{"actions":[{"type":"send","text":"a"}]} x"#,
            #"{"actions":[{"type":"send" "text":"a"}]}"#,
            "{\"actions\":[{\"type\":\"send\",\"text\":\"a\u{1}\"}]}", "{\"actions\":[{\"type\":\"send\",\"text\":\"a\nb\"}]}",
        ])
    func left(_ body: String) { #expect(JSONSendReader.read(ByteBuffer(string: body)) == nil) }

    @Test("Text that is not UTF-8 is left as well", arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x8E]] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        var body = ByteBuffer(string: #"{"actions":[{"type":"send","text":"a"#)
        body.writeBytes(bytes)
        body.writeString(#""}]}"#)
        #expect(JSONSendReader.read(body) == nil)
        #expect(throws: DialectError.self) { try JSONActionReader.read(body, from: .answer) }
    }

    @Test("A byte changed, added or taken out: what is still accepted is understood as by the reader of all")
    func mutated() throws {
        let body = Array(#" {"actions":[{"type":"send","text":"hi é"},{"text":"","type":"send"}]}"#.utf8)
        let bytes: [UInt8] = Array(#" "\{}[],:1a"#.utf8) + [0x0A, 0x1F, 0x80, 0xC3]
        var accepted = 0
        func check(_ bytes: [UInt8]) throws {
            guard let sends = JSONSendReader.read(ByteBuffer(bytes: bytes)) else { return }
            accepted += 1
            #expect(try JSONActionReader.readAny(ByteBuffer(bytes: bytes), from: .answer) == sends)
        }
        for place in body.indices {
            try check(Array(body[..<place] + body[(place + 1)...]))
            for byte in bytes {
                try check(Array(body[..<place] + [byte] + body[(place + 1)...]))
                try check(Array(body[..<place] + [byte] + body[place...]))
            }
        }
        #expect(accepted > 100)
    }

    @Test("Texts are read where they stand, also behind bytes that were read before")
    func behindOthers() {
        var body = ByteBuffer(string: #"xyz{"actions":[{"type":"send","text":"hi"}]}"#)
        body.moveReaderIndex(forwardBy: 3)
        #expect(JSONSendReader.read(body) == Self.sends("hi"))
    }
}
