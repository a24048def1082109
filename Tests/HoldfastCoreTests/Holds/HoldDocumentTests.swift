// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Instructions in bodies of the type `application/grip-instruct`.
struct HoldDocumentTests {
    private func read(
        _ body: String, _ headers: [OpeningRequest.Field] = [], status: Int = 200, prefix: String = "", maxChannels: Int = 20
    ) throws -> HoldInstruction {
        let headers: [OpeningRequest.Field] = ["Content-Type: application/grip-instruct", "X-Own: 1", "Content-Length: 7"] + headers
        return try #require(
            try HoldInstruction.read(
                status: status, reason: "OK", headers: headers, body: ByteBuffer(string: body), channelPrefix: prefix, maxChannels: maxChannels))
    }

    private func fault(_ body: String, _ headers: [OpeningRequest.Field] = [], status: Int = 200, maxChannels: Int = 20) -> String? {
        do {
            _ = try read(body, headers, status: status, maxChannels: maxChannels)
            return nil
        } catch let error as HoldInstructionError {
            return error.description
        } catch {
            return "another error"
        }
    }

    @Test("A document says all that headers can")
    func whole() throws {
        let instruction = try read(
            """
            {"hold": {"mode": "stream", "channels": [{"name": "a", "prev-id": "7", "filters": ["skip-self"]}, {"name": "b"}], "timeout": 60,
              "keep-alive": {"content": "\\n", "timeout": 20, "mode": "interval"}, "meta": {"user": "u"}},
             "response": {"code": 201, "reason": "So", "headers": {"X-A": "1", "Content-Length": "5", "Grip-X": "y"}, "body": "hello"}}
            """, ["Grip-Link: </n>; rel=next"], prefix: "p-")
        #expect(instruction.mode == .stream)
        #expect(instruction.channels.map(\.channel) == [.sample("p-a"), .sample("p-b")])
        #expect(instruction.channels.map(\.name) == [.sample("a"), .sample("b")])
        #expect(instruction.channels.first?.previousID == "7" && instruction.channels.first?.filters == ["skip-self"])
        #expect(instruction.timeout == .seconds(60))
        #expect(instruction.keepAlive == .init(content: ByteBuffer(string: "\n"), timeout: .seconds(20), mode: .interval))
        #expect(instruction.meta == ["user": "u"])
        #expect(instruction.nextLink == .init(uri: "/n"))
        #expect(instruction.response == HeldResponse(status: 201, reason: "So", headers: ["X-A: 1"], body: ByteBuffer(string: "hello")))
    }

    @Test("What is not said has its default")
    func least() throws {
        #expect(try read("{}") == HoldInstruction(mode: .none, response: HeldResponse(reason: "OK")))
        let hold = try read(#" {"hold": {"channels": []}, "response": null, "more": 1} "#)
        #expect(hold == HoldInstruction(mode: .response, response: HeldResponse(reason: "OK")))
        let nulls = try read(
            #"{"hold": {"mode": null, "channels": [], "timeout": null, "keep-alive": null, "meta": null}, "response": {"code": null, "body": null}}"#)
        #expect(nulls == hold)
        #expect(try read(#"{"hold": null}"#).mode == .none)
    }

    @Test("Headers may say what the document does not")
    func headers() throws {
        let instruction = try read(
            #"{"hold": {"channels": [{"name": "b"}]}, "response": {"body": "x"}}"#,
            ["Grip-Hold: stream", "Grip-Channel: a", "Grip-Timeout: 9", "Grip-Set-Meta: k=v", "Grip-Status: 202 So", "Grip-Keep-Alive: y"])
        #expect(instruction.mode == .response)
        #expect(instruction.channels == [.sample("a"), .sample("b")])
        #expect(instruction.timeout == .seconds(9) && instruction.meta == ["k": "v"] && instruction.keepAlive?.content == ByteBuffer(string: "y"))
        #expect(instruction.response == HeldResponse(status: 202, reason: "So", body: ByteBuffer(string: "x")))
        #expect(try read(#"{"response": {"code": 404}}"#, ["Grip-Status: 202 So"]).response == HeldResponse(status: 404))
    }

    @Test("Bytes may be in base64, which goes before text")
    func base64() throws {
        #expect(try read(#"{"response": {"body-bin": "aGk=", "body": "no"}}"#).response.body == ByteBuffer(string: "hi"))
        #expect(
            try read(#"{"hold": {"channels": [], "keep-alive": {"content-bin": "aGk=", "content": "no"}}}"#).keepAlive
                == .init(content: ByteBuffer(string: "hi")))
    }

    @Test("A keep-alive without content is none", arguments: ["{}", "{\"timeout\": 5}", "{\"content\": \"\"}", "{\"content-bin\": \"\"}"])
    func noKeepAlive(_ keepAlive: String) throws {
        #expect(try read("{\"hold\": {\"channels\": [], \"keep-alive\": \(keepAlive)}}").keepAlive == nil)
    }

    @Test("Seconds are rounded, and may stand in quotes", arguments: [("60", 60), ("60.4", 60), ("59.5", 60), ("\"60\"", 60), ("0", 5), ("6e1", 60)])
    func seconds(_ text: String, _ seconds: Int) throws {
        #expect(try read("{\"hold\": {\"channels\": [], \"timeout\": \(text)}}").timeout == .seconds(seconds))
    }

    @Test("Headers may be pairs, so that one comes twice")
    func pairs() throws {
        #expect(
            try read(#"{"response": {"headers": [["Set-Cookie", "a=1"], ["set-cookie", "b=2"], ["Connection", "close"]]}}"#).response.headers
                == ["Set-Cookie: a=1", "Set-Cookie: b=2"])
    }

    @Test(
        "What is wrong is named with its place",
        arguments: [
            ("", "not JSON: line 1, column 1: unexpected end"),
            ("{", "not JSON: line 1, column 2: expected a member name in quotes"),
            ("[]", "expected an object {\"hold\": …, \"response\": …}, found an array"),
            (#"{"hold": []}"#, "hold: expected an object, found an array"),
            (#"{"hold": {}}"#, "hold.channels: expected an array, but it is missing"),
            (#"{"hold": {"channels": {}}}"#, "hold.channels: expected an array, found an object"),
            (#"{"hold": {"channels": [], "mode": 1}}"#, "hold.mode: expected a string, found a number"),
            (#"{"hold": {"channels": [], "mode": "none"}}"#, "hold.mode: expected response or stream, found \"none\""),
            (#"{"hold": {"channels": ["a"]}}"#, "hold.channels[0]: expected an object, found a string"),
            (#"{"hold": {"channels": [{}]}}"#, "hold.channels[0].name: expected a string, but it is missing"),
            (#"{"hold": {"channels": [{"name": ""}]}}"#, "hold.channels[0].name: \(ChannelName.rule)"),
            (#"{"hold": {"channels": [{"name": "a", "prev-id": 1}]}}"#, "hold.channels[0].prev-id: expected a string, found a number"),
            (#"{"hold": {"channels": [{"name": "a", "filters": "x"}]}}"#, "hold.channels[0].filters: expected an array, found a string"),
            (#"{"hold": {"channels": [{"name": "a", "filters": [1]}]}}"#, "hold.channels[0].filters[0]: expected a string, found a number"),
            (#"{"hold": {"channels": [], "timeout": "soon"}}"#, "hold.timeout: expected a number of seconds, found \"soon\""),
            (#"{"hold": {"channels": [], "timeout": -1}}"#, "hold.timeout: expected a number of seconds, found -1"),
            (#"{"hold": {"channels": [], "timeout": 1e99}}"#, "hold.timeout: expected a number of seconds, found 1e99"),
            (#"{"hold": {"channels": [], "timeout": []}}"#, "hold.timeout: expected a number of seconds, found an array"),
            (#"{"hold": {"channels": [], "keep-alive": "x"}}"#, "hold.keep-alive: expected an object, found a string"),
            (#"{"hold": {"channels": [], "keep-alive": {"content": 1}}}"#, "hold.keep-alive.content: expected a string, found a number"),
            (#"{"hold": {"channels": [], "keep-alive": {"content-bin": "!"}}}"#, "hold.keep-alive.content-bin: not base64"),
            (#"{"hold": {"channels": [], "keep-alive": {"content": "x", "mode": "y"}}}"#, "hold.keep-alive.mode: expected idle or interval"),
            (#"{"hold": {"channels": [], "meta": []}}"#, "hold.meta: expected an object, found an array"),
            (#"{"hold": {"channels": [], "meta": {"k": 1}}}"#, "hold.meta.k: expected a string, found a number"),
            (#"{"response": 1}"#, "response: expected an object, found a number"),
            (#"{"response": {"code": "200"}}"#, "response.code: expected a whole number, found a string"),
            (#"{"response": {"code": 101}}"#, "response.code: expected a status from 200 to 999, found 101"),
            (#"{"response": {"reason": "a\r\nb"}}"#, "response.reason: a control character in a reason"),
            (#"{"response": {"headers": 1}}"#, "response.headers: expected an object, or an array of [name, value], found a number"),
            (#"{"response": {"headers": {"X-A": 1}}}"#, "response.headers.X-A: expected a string, found a number"),
            (#"{"response": {"headers": {"X A": "1"}}}"#, "response.headers.X A: \"X A\" is not a header name"),
            (#"{"response": {"headers": {"X-A": "1\n2"}}}"#, "response.headers.X-A: a control character in a header"),
            (#"{"response": {"headers": [["X-A"]]}}"#, "response.headers[0]: expected [name, value], found an array of 1"),
            (#"{"response": {"headers": [[1, "2"]]}}"#, "response.headers[0][0]: expected a string, found a number"),
            (#"{"response": {"body": {}}}"#, "response.body: expected a string, found an object"),
            (#"{"response": {"body-bin": "%"}}"#, "response.body-bin: not base64"),
        ])
    func wrong(_ body: String, _ message: String) {
        #expect(fault(body) == "application/grip-instruct: \(message)")
    }

    @Test("The limits are the same as in headers")
    func limits() {
        #expect(fault("{}", status: 201) == "the status of application/grip-instruct must be 200, found 201")
        #expect(fault("{}" + String(repeating: " ", count: 100_000)) == "expected a body of at most 100000 bytes, found 100002")
        #expect(fault(#"{"hold": {"channels": [{"name": "a"}, {"name": "b"}]}}"#, maxChannels: 1) == "expected at most 1 channels, found 2")
        #expect(
            fault(#"{"hold": {"channels": [{"name": "a", "filters": ["1", "2", "3", "4", "5", "6"]}]}}"#)
                == "channel \"a\": expected at most 5 filters, found 6")
        #expect(
            fault(#"{"hold": {"mode": "stream", "channels": [{"name": "a", "prev-id": "1"}]}}"#)?.hasPrefix("channel \"a\" has a prev-id") == true)
        #expect(fault(#"{"hold": {"mode": "stream", "channels": []}, "response": {"code": 204}}"#)?.hasSuffix("found 204") == true)
        #expect(fault("{}", ["Grip-Hold: x"]) == "Grip-Hold: expected response or stream, found \"x\"")
    }
}
