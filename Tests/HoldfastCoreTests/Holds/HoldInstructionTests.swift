// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Instructions in headers.
struct HoldInstructionTests {
    private func read(
        _ headers: [OpeningRequest.Field], status: Int = 200, reason: String? = "OK", body: String = "held", prefix: String = "",
        maxChannels: Int = 20
    ) throws -> HoldInstruction? {
        try HoldInstruction.read(
            status: status, reason: reason, headers: headers, body: ByteBuffer(string: body), channelPrefix: prefix, maxChannels: maxChannels)
    }

    private func fault(
        _ headers: [OpeningRequest.Field], status: Int = 200, body: String = "held", prefix: String = "", maxChannels: Int = 20
    ) -> String? {
        do {
            _ = try read(headers, status: status, body: body, prefix: prefix, maxChannels: maxChannels)
            return nil
        } catch let error as HoldInstructionError {
            return error.description
        } catch {
            return "another error"
        }
    }

    // MARK: What is an instruction

    @Test("Only headers of GRIP and its content type make an instruction")
    func isInstructed() throws {
        #expect(try read(["Content-Type: text/plain", "X-Grip-Hold: stream", "Gripe: no"]) == nil)
        #expect(!HoldInstruction.isInstructed([]))
        #expect(HoldInstruction.isInstructed(["Grip-Whatever: 1"]))
        #expect(HoldInstruction.isInstructed(["Content-Type: application/grip-instruct"]))
        #expect(HoldInstruction.isDocument(["Content-Type:  Application/Grip-Instruct ; charset=utf-8"]))
        #expect(!HoldInstruction.isDocument(["Content-Type: application/grip-instructions"]))
        #expect(!HoldInstruction.isDocument(["Grip-Hold: stream"]))
    }

    @Test("An unknown header of GRIP asks for nothing and is not seen by the client")
    func unknown() throws {
        let instruction = try #require(try read(["Grip-Session-Id: 7", "X-A: 1"]))
        #expect(
            instruction == HoldInstruction(mode: .none, response: HeldResponse(reason: "OK", headers: ["X-A: 1"], body: ByteBuffer(string: "held"))))
        #expect(!instruction.needsWholeBody)
    }

    // MARK: Hold, channels, timeout

    @Test("A response is held")
    func response() throws {
        let instruction = try #require(try read(["Grip-Hold: response", "Grip-Channel: a", "Content-Type: text/html", "Content-Length: 4"]))
        #expect(instruction.mode == .response)
        #expect(instruction.needsWholeBody)
        #expect(instruction.channels == [.sample("a")])
        #expect(instruction.timeout == .seconds(55))
        #expect(instruction.keepAlive == nil && instruction.nextLink == nil && instruction.goneLink == nil && instruction.meta.isEmpty)
        #expect(instruction.response == HeldResponse(reason: "OK", headers: ["Content-Type: text/html"], body: ByteBuffer(string: "held")))
    }

    @Test("White space around a mode does not count", arguments: ["stream", " stream", "stream\t "])
    func stream(_ mode: String) throws {
        let instruction = try #require(try read([.init(name: "grip-hold", value: mode), "Grip-Channel: a"]))
        #expect(instruction.mode == .stream)
        #expect(!instruction.needsWholeBody)
    }

    @Test("Other modes are refused", arguments: ["", "Response", "streams", "response, stream"])
    func mode(_ mode: String) {
        #expect(fault([.init(name: "grip-hold", value: mode)]) == "Grip-Hold: expected response or stream, found \"\(mode)\"")
    }

    @Test("A header that counts once may be repeated with the same value only")
    func repeated() throws {
        #expect(try read(["Grip-Hold: stream", "Grip-Hold:  stream "])?.mode == .stream)
        #expect(fault(["Grip-Hold: stream", "Grip-Hold: response"]) == "Grip-Hold: expected one value, found \"stream\" and \"response\"")
        #expect(fault(["Grip-Timeout: 5", "Grip-Timeout: 6"]) == "Grip-Timeout: expected one value, found \"5\" and \"6\"")
        #expect(fault(["Grip-Status: 201", "Grip-Status: 202"]) == "Grip-Status: expected one value, found \"201\" and \"202\"")
    }

    @Test("Channels have previous ids and filters")
    func channels() throws {
        let instruction = try #require(
            try read([
                "Grip-Hold: response", "Grip-Channel: a; prev-id=7; filter=skip-self; filter=nobody-knows , \"b, c\"", "Grip-Channel:  d;prev-id=",
                "Grip-Channel: ",
            ]))
        #expect(instruction.channels == [.sample("a", prev: "7", ["skip-self", "nobody-knows"]), .sample("\"b, c\""), .sample("d")])
    }

    @Test("A channel that is named twice is what the last one says, in the place of the first")
    func twice() throws {
        let instruction = try read(["Grip-Hold: response", "Grip-Channel: a; prev-id=1, b, a; prev-id=2; filter=skip-self"], maxChannels: 2)
        #expect(instruction?.channels == [.sample("a", prev: "2", ["skip-self"]), .sample("b")])
    }

    @Test("Channels are subscribed to with the route's prefix, and told without")
    func prefix() throws {
        let channel = try #require(try read(["Grip-Hold: response", "Grip-Channel: a"], prefix: "shop-")?.channels.first)
        #expect(channel.channel == .sample("shop-a") && channel.name == .sample("a"))
        #expect(fault(["Grip-Channel: \(String(repeating: "x", count: 250))"], prefix: "1234567")?.hasSuffix(ChannelName.rule) == true)
    }

    @Test(
        "Channels that cannot be are refused",
        arguments: [
            ("; prev-id=1", "Grip-Channel: \"\": \(ChannelName.rule)"),
            ("a; prev-id=\(String(repeating: "1", count: 257))", "Grip-Channel: \"a\": prev-id: \(PublicationID.rule)"),
            ("a; prev-id=\"1", "Grip-Channel: byte 11: a quotation mark that is never closed"),
            ("a; filter=1; filter=2; filter=3; filter=4; filter=5; filter=6", "channel \"a\": expected at most 5 filters, found 6"),
            ("a, b, c", "expected at most 2 channels, found 3"),
        ])
    func noChannel(_ value: String, _ message: String) {
        #expect(fault(["Grip-Hold: response", .init(name: "grip-channel", value: value)], maxChannels: 2) == message)
    }

    @Test("A timeout is at least 5 s", arguments: [("0", 5), ("5", 5), ("6", 6), (" 120 ", 120), ("2147483647", 2_147_483_647)])
    func timeout(_ text: String, _ seconds: Int) throws {
        #expect(try read(["Grip-Hold: response", .init(name: "grip-timeout", value: text)])?.timeout == .seconds(seconds))
    }

    @Test("Other timeouts are refused", arguments: ["", "-1", "+5", "1.5", "5s", "2147483648", "99999999999999999999", "inf", "0x10"])
    func noTimeout(_ text: String) {
        #expect(fault([.init(name: "grip-timeout", value: text)]) == "Grip-Timeout: expected a whole number of seconds, found \"\(text)\"")
    }

    // MARK: Keep-alive

    @Test(
        "Keep-alives have content in three formats",
        arguments: [
            ("ping", "ping", 55, false), ("a, b = \"c\"; timeout=30", "a, b = \"c\"", 30, false), ("x;timeout=0; mode=interval", "x", 1, true),
            ("x; format=; mode=idle", "x", 55, false), ("x; format=raw", "x", 55, false),
            ("\\r\\n\\\\\\x41\\x0a; format=cstring", "\r\n\\A\n", 55, false),
            (":\\n\\n; format=cstring; timeout=20", ":\n\n", 20, false), ("aGk=; format=base64", "hi", 55, false), ("\\n", "\\n", 55, false),
        ])
    func keepAlive(_ value: String, _ content: String, _ seconds: Int, _ isInterval: Bool) throws {
        let keepAlive = try #require(try read([.init(name: "grip-keep-alive", value: value)])?.keepAlive)
        #expect(keepAlive == .init(content: ByteBuffer(string: content), timeout: .seconds(seconds), mode: isInterval ? .interval : .idle))
    }

    @Test("An empty keep-alive is none")
    func noKeepAlive() throws {
        #expect(try read(["Grip-Keep-Alive:  "])?.keepAlive == nil)
    }

    @Test(
        "Other keep-alives are refused",
        arguments: [
            ("; timeout=5", "expected content before the first semicolon"),
            ("x; format=json", "format: expected raw, cstring or base64, found \"json\""),
            ("x; mode=never", "mode: expected idle or interval, found \"never\""),
            ("x; timeout=soon", "timeout: expected a whole number of seconds, found \"soon\""),
            ("x; timeout=-5", "timeout: expected a whole number of seconds, found \"-5\""),
            ("!; format=base64", "the content is not base64"),
            ("x\\; format=cstring", "expected \\\\, \\r, \\n or \\xHH after a backslash in the format cstring"),
            ("\\t; format=cstring", "expected \\\\, \\r, \\n or \\xHH after a backslash in the format cstring"),
            ("\\x4; format=cstring", "expected two hex digits after \\x"), ("\\x4g; format=cstring", "expected two hex digits after \\x"),
            ("x; mode=\"idle", "byte 8: a quotation mark that is never closed"),
        ])
    func badKeepAlive(_ value: String, _ message: String) {
        #expect(fault([.init(name: "grip-keep-alive", value: value)]) == "Grip-Keep-Alive: \(message)")
    }

    // MARK: Links

    @Test("Links lead on, or tell the app when the client is gone")
    func links() throws {
        let instruction = try #require(
            try read(["Grip-Link: </next?a=1,2;3>; rel=next; timeout=30, <https://example.net/gone>; rel=gone", "Grip-Link: </x>; rel=self, </y>"]))
        #expect(instruction.nextLink == .init(uri: "/next?a=1,2;3", timeout: .seconds(30)))
        #expect(instruction.goneLink == "https://example.net/gone")
        #expect(instruction.mode == .none && !instruction.needsWholeBody)
        #expect(try read(["Grip-Link: <n>; rel=\"next gone\""])?.nextLink == .init(uri: "n", timeout: .seconds(120)))
        #expect(try read(["Grip-Link: <n>; rel=next; timeout=0"])?.nextLink?.timeout == .seconds(1))
    }

    @Test(
        "Other links are refused",
        arguments: [
            ("foo; rel=next", "byte 0: expected a URI in angle brackets: <URI>"), ("<ftp://x/>; rel=next", "\(HoldURI.rule), found \"ftp://x/\""),
            ("<a b>; rel=gone", "\(HoldURI.rule), found \"a b\""),
            ("<n>; rel=next; timeout=x", "timeout: expected a whole number of seconds, found \"x\""),
        ])
    func badLink(_ value: String, _ message: String) {
        #expect(fault([.init(name: "grip-link", value: value)]) == "Grip-Link: \(message)")
    }

    @Test("A stream with previous ids needs a link to what may be missing")
    func previousWithoutLink() throws {
        #expect(
            fault(["Grip-Hold: stream", "Grip-Channel: a; prev-id=1"])
                == "channel \"a\" has a prev-id, so a stream needs a link to what may be missing: Grip-Link with rel=next")
        #expect(try read(["Grip-Hold: stream", "Grip-Channel: a; prev-id=1", "Grip-Link: </n>; rel=next"])?.channels.first?.previousID == "1")
        #expect(try read(["Grip-Hold: response", "Grip-Channel: a; prev-id=1"])?.channels.first?.previousID == "1")
    }

    // MARK: Meta

    @Test("Facts for filters")
    func meta() throws {
        #expect(try read(["Grip-Set-Meta: user=\"a, b\", k=v;x", "Grip-Set-Meta: user=c, empty"])?.meta == ["user": "c", "k": "v", "empty": ""])
        #expect(fault(["Grip-Set-Meta: ="])?.hasPrefix("Grip-Set-Meta: ") == true)
    }

    @Test("Facts for filters have a limit, so that held requests stay small")
    func longMeta() throws {
        let most = String(repeating: "x", count: HoldInstruction.maxMetaBytes - 1)
        #expect(try read(["Grip-Set-Meta: k=\(most)"])?.meta["k"] == most)
        #expect(fault(["Grip-Set-Meta: k=\(most)y"]) == "expected at most 4096 bytes of meta, found 4097")
    }

    // MARK: Status and headers

    @Test(
        "The status that the client gets",
        arguments: [("202", 202, nil), ("202 Fine with us", 202, "Fine with us"), ("404  ", 404, nil), ("999 X", 999, "X")]
            as [(String, Int, String?)])
    func status(_ value: String, _ status: Int, _ reason: String?) throws {
        let response = try #require(try read([.init(name: "grip-status", value: value)])?.response)
        #expect(response.status == status && response.reason == reason)
    }

    @Test("An empty Grip-Status changes nothing, nor does an empty reason count")
    func noStatus() throws {
        let response = try #require(try read(["Grip-Status: "], status: 404, reason: "")?.response)
        #expect(response.status == 404 && response.reason == nil)
    }

    @Test(
        "Statuses that no response ends with are refused",
        arguments: ["abc", "99", "099", "101", "199 x", "1000", "2 00", "+200", "-1", "200.0", "２００"])
    func badStatus(_ value: String) {
        #expect(
            fault([.init(name: "grip-status", value: value)])
                == "Grip-Status: expected a status from 200 to 999, and a reason if need be, found \"\(value)\"")
    }

    @Test("A response that goes on needs a body", arguments: [204, 205, 304])
    func bodiless(_ status: Int) throws {
        let message = "a response that goes on needs a status with a body, found \(status)"
        #expect(fault(["Grip-Hold: stream"], status: status) == message)
        #expect(fault(["Grip-Link: </n>; rel=next"], status: status) == message)
        #expect(fault(["Grip-Hold: stream", "Grip-Status: \(status)"]) == message)
        #expect(try read(["Grip-Hold: stream", "Grip-Status: 200"], status: status)?.response.status == 200)
        #expect(try read(["Grip-Hold: response"], status: status)?.response.status == status)
        #expect(try read(["Grip-Status: \(status)"])?.response.status == status)
    }

    @Test("Only headers that may be seen are seen, and those of the connection never")
    func exposed() throws {
        let headers: [OpeningRequest.Field] = [
            "X-A: 1", "X-B: 2", "X-B: 3", "X-C: 4", "Connection: x-b", "Transfer-Encoding: chunked", "Content-Length: 4",
        ]
        #expect(try read(headers + ["Grip-Expose-Headers: x-a, X-B,", "Grip-Expose-Headers: transfer-encoding"])?.response.headers == ["X-A: 1"])
        #expect(try read(headers + ["Grip-Expose-Headers: x-b, x-c"])?.response.headers == ["X-C: 4"])
        #expect(try read(headers + ["Grip-Expose-Headers: grip-expose-headers"])?.response.headers == [])
        #expect(try read(headers + ["Grip-Expose-Headers: "])?.response.headers == ["X-A: 1", "X-C: 4"])
    }

    // MARK: Bodies

    @Test("Where the whole body is needed, it may be so long and no longer")
    func body() throws {
        let most = String(repeating: "x", count: HoldInstruction.maxBodyBytes)
        #expect(try read(["Grip-Hold: response"], body: most)?.response.body.readableBytes == 100_000)
        #expect(fault(["Grip-Hold: response"], body: most + "y") == "expected a body of at most 100000 bytes, found 100001")
        #expect(try read(["Grip-Hold: stream"], body: most + "y")?.response.body.readableBytes == 100_001)
        #expect(
            fault(["Grip-Hold: stream", "Grip-Channel: a; filter=build-id"], body: most + "y")
                == "expected a body of at most 100000 bytes, found 100001")
    }

    @Test("A filter that changes the first body needs it as a whole")
    func rewriting() throws {
        #expect(try read(["Grip-Hold: stream", "Grip-Channel: a; filter=build-id"])?.needsWholeBody == true)
        #expect(try read(["Grip-Hold: stream", "Grip-Channel: a; filter=var-subst"])?.needsWholeBody == false)
    }
}
