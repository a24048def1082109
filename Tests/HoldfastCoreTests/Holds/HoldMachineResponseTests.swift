// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// Requests held in response mode.
struct HoldMachineResponseTests {
    private func content(
        status: Int = 200, reason: String? = nil, headers: [OpeningRequest.Field] = [], _ body: String, filters: [String]? = nil
    ) -> HeldResponseContent {
        HeldResponseContent(status: status, reason: reason, headers: headers, body: .bytes(ByteBuffer(string: body)), filters: filters)
    }

    private func patch(_ json: String) throws -> HeldResponseContent {
        HeldResponseContent(body: .patch(JSONValueBox(try JSONReader.parse(ByteBuffer(string: json)))))
    }

    private func response(_ orders: [HoldOrder]) throws -> HeldResponse {
        guard case .respond(let response) = try #require(orders.last) else {
            Issue.record("no response: \(orders.outline)")
            return HeldResponse(status: 0)
        }
        return response
    }

    // MARK: Waiting

    @Test("The deadline is the timeout, and the held response goes out then")
    func timeout() {
        var machine = HoldMachine.sample(jitter: 0.5)
        machine.begin(.response(timeout: .seconds(7)), at: 3)
        #expect(machine.due == 10)
        #expect(machine.pass(to: 9.999) == "–")
        #expect(machine.pass(to: 10) == "-a, respond 200 held")
        #expect(machine.due == nil)
    }

    @Test("A hold without channels waits for its timeout")
    func noChannels() {
        var machine = HoldMachine.sample()
        #expect(machine.begin(.response([])) == "–")
        #expect(machine.publish(.answering("a", "x")) == "–")
        #expect(machine.pass(to: 55) == "respond 200 held")
    }

    @Test("Channels of the route are joined too, and none is joined twice")
    func implicit() {
        var machine = HoldMachine.sample(implicit: ["a", "all"])
        #expect(machine.begin(.response([.sample("a"), .sample("b")])) == "+a, +all, +b")
        #expect(machine.publish(.answering("all", "news")) == "-a, -all, -b, respond 200 news")
    }

    @Test("What is published elsewhere, or for streams or WebSockets only, is nothing to it")
    func foreign() {
        var machine = HoldMachine.sample()
        machine.begin(.response())
        #expect(machine.publish(.answering("b", "x")) == "–")
        #expect(machine.publish(.streaming("a", "x")) == "–")
        #expect(machine.publish(Publication(channel: .sample("a"), payload: .sample("x"))) == "–")
        #expect(machine.publish(Publication(channel: .sample("a"), payload: .sample("x"), details: PublicationDetails())) == "–")
        #expect(machine.state == .waiting)
    }

    // MARK: Answering

    @Test("What is published goes before the held response's headers")
    func headers() throws {
        var machine = HoldMachine.sample()
        machine.begin(.response(headers: ["X-A: 1", "X-B: 2", "X-B: 3", "Content-Type: text/html", "Content-Encoding: gzip"]))
        let orders = machine.published(
            .answering(
                "a",
                content(status: 404, reason: "Gone away", headers: ["X-B: 4", "X-C: 5", "Content-Length: 9", "Grip-X: y", "Connection: X-A"], "no")),
            at: .at(1))
        let response = try response(orders)
        #expect(response.status == 404 && response.reason == "Gone away" && response.body == ByteBuffer(string: "no"))
        #expect(response.headers == ["Content-Type: text/html", "X-B: 4", "X-C: 5"])
    }

    @Test("A published coding is told; an empty reason is the usual one")
    func coding() throws {
        var machine = HoldMachine.sample()
        machine.begin(.response(headers: ["Content-Encoding: gzip"]))
        let response = try response(machine.published(.answering("a", content(reason: "", headers: ["Content-Encoding: br"], "x")), at: .at(1)))
        #expect(response.headers == ["Content-Encoding: br"] && response.reason == nil)
    }

    @Test("A publication may say which headers are seen")
    func exposing() throws {
        var machine = HoldMachine.sample()
        machine.begin(.response(headers: ["X-A: 1", "X-B: 2"]))
        let response = try response(
            machine.published(.answering("a", content(headers: ["X-C: 3", "X-D: 4", "Grip-Expose-Headers: x-a, x-c"], "x")), at: .at(1)))
        #expect(response.headers == ["X-A: 1", "X-C: 3"])
    }

    @Test("A status that no response can have is the app's fault", arguments: [0, 101, 199, 1000, -1])
    func status(_ status: Int) {
        var machine = HoldMachine.sample(debug: true)
        machine.begin(.response())
        #expect(
            machine.publish(.answering("a", content(status: status, "x")))
                == "report, -a, respond 502 http-response: code: expected 200 to 999, found \(status)")
    }

    // MARK: Patches

    @Test("A patch changes the held body and keeps its line end", arguments: ["", "\n", "\r\n", " \n"])
    func patching(_ end: String) throws {
        var machine = HoldMachine.sample()
        machine.begin(.response(body: "{\"n\": 1, \"l\": [1]}" + end))
        let response = try response(
            machine.published(
                .answering("a", try patch(#"[{"op":"replace","path":"/n","value":2},{"op":"add","path":"/l/-","value":3}]"#)), at: .at(1)))
        #expect(String(buffer: response.body) == "{\"n\":2,\"l\":[1,3]}" + end.filter { $0 != " " })
    }

    @Test(
        "Where a patch does not apply, the app is asked what the client lacks",
        arguments: [
            ("{}", #"[{"op":"remove","path":"/n"}]"#), ("no JSON", "[]"), ("", "[]"), ("{}", "{}"),
            ("{\"v\":2}", #"[{"op":"test","path":"/v","value":1}]"#),
        ])
    func badPatch(_ body: String, _ json: String) throws {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1")], body: body))
        #expect(machine.publish(.answering("a", try patch(json), id: "2", prev: "1")) == "report, again a:2")
        #expect(machine.state == .asking)
    }

    @Test("A patched body has a limit")
    func longPatch() throws {
        var machine = HoldMachine.sample(maxContentBytes: 10)
        machine.begin(.response(body: "[]"))
        #expect(machine.publish(.answering("a", try patch(#"[{"op":"add","path":"/-","value":"123456789"}]"#))) == "report, again")
    }

    // MARK: Previous ids

    @Test("A hold after what is known to be old is asked for again at once")
    func conflict() {
        var machine = HoldMachine.sample()
        #expect(
            machine.begin(
                .response([.sample("a", prev: "1"), .sample("b", prev: "7"), .sample("c", prev: "5"), .sample("d")]),
                lastIDs: ["a": "2", "b": "7", "d": "9"])
                == "+a, +b, +c, +d, forget a, again a:1 b:7 c:5")
        #expect(machine.begin(.response([.sample("a", prev: "2"), .sample("e")]), lastIDs: ["a": "2"]) == "-b, -c, -d, +e")
        #expect(machine.state == .waiting)
    }

    @Test(
        "What follows is delivered; what does not is asked for",
        arguments: [("1", true), ("0", false), ("", false), (nil, false)] as [(String?, Bool)])
    func following(_ previous: String?, _ isDelivered: Bool) {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1")]))
        #expect(machine.publish(.answering("a", "x", id: "2", prev: previous)) == (isDelivered ? "-a, respond 200 x" : "forget a, again a:1"))
    }

    @Test("Without a previous id everything is delivered")
    func untracked() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a")]), lastIDs: ["a": "9"])
        #expect(machine.publish(.answering("a", "x", id: "2", prev: "1")) == "-a, respond 200 x")
    }

    @Test("What came while the app was asked is delivered if it follows its answer")
    func waiting() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1"), .sample("b", prev: "1")]))
        machine.publish(.answering("a", "3", id: "3", prev: "2"))
        #expect(machine.state == .asking)
        machine.publish(.answering("a", "4", id: "4", prev: "3"))
        machine.publish(.answering("b", "old", id: "1", prev: "0"))
        machine.publish(.answering("a", "5", id: "5", prev: "4"))
        // The app knows of 4 already.
        #expect(machine.begin(.response([.sample("a", prev: "4"), .sample("b", prev: "1")]), lastIDs: ["a": "5"]) == "-a, -b, respond 200 5")
    }

    @Test("What came while the app was asked and is known to it is not delivered")
    func outdated() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1")]))
        machine.publish(.answering("a", "3", id: "3", prev: "2"))
        machine.publish(.answering("a", "4", id: "4", prev: "3"))
        #expect(machine.begin(.response([.sample("a", prev: "4")]), lastIDs: ["a": "4"]) == "–")
        #expect(machine.publish(.answering("a", "5", id: "5", prev: "4")) == "-a, respond 200 5")
    }

    @Test("While the app is asked, so much waits and no more; what was lost is asked for")
    func full() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1")]))
        machine.publish(.answering("a", "x", id: "3", prev: "2"))
        for number in 0..<HoldMachine.maxWaiting {
            #expect(machine.publish(.answering("a", "x", id: "\(number + 4)", prev: "\(number + 3)")) == "–")
        }
        #expect(machine.publish(.answering("a", "x", id: "200", prev: "199")) == "report")
        #expect(machine.publish(.answering("a", "x", id: "201", prev: "200")) == "–")
        #expect(machine.begin(.response([.sample("a", prev: "500")])) == "again a:500")
    }

    // MARK: Hints and later answers

    @Test("A hint has the request made again, with what the client knows")
    func hint() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1"), .sample("b"), .sample("c", prev: "x")]))
        let hint = HeldResponseContent(action: .hint, body: .bytes(ByteBuffer()))
        #expect(machine.publish(.answering("a", hint, id: "2", prev: "1")) == "again a:2 c:x")
        #expect(machine.publish(.answering("a", hint, id: "3", prev: "2")) == "–")
        #expect(machine.due == nil)
        #expect(machine.begin(.response([.sample("a", prev: "3")], timeout: .seconds(9)), at: 10) == "-b, -c")
        #expect(machine.due == 19)
    }

    @Test("The second answer may be a stream, or none at all")
    func becomesStream() {
        var machine = HoldMachine.sample()
        machine.begin(.response())
        machine.publish(.answering("a", HeldResponseContent(action: .hint, body: .bytes(ByteBuffer()))))
        machine.publish(.streaming("a", "early"))
        #expect(machine.begin(.stream(body: "first")) == "begin 200, write first, write early")

        var other = HoldMachine.sample()
        other.begin(.response(gone: "/gone"))
        other.publish(.answering("a", HeldResponseContent(action: .hint, body: .bytes(ByteBuffer()))))
        #expect(other.passedOn().outline == "-a, gone /gone")
        #expect(other.isOver)
    }

    @Test("The last link for the gone counts")
    func gone() {
        var machine = HoldMachine.sample()
        let hint = HeldResponseContent(action: .hint, body: .bytes(ByteBuffer()))
        machine.begin(.response(gone: "one"))
        machine.publish(.answering("a", hint))
        machine.begin(.response(gone: "https://example.net/two"))
        machine.publish(.answering("a", hint))
        machine.begin(.response())
        let orders = machine.published(.answering("a", "x"), at: .at(1))
        #expect(orders.contains { if case .postGone(let uri) = $0 { uri.description == "https://example.net/two" } else { false } })
    }

    @Test("A hold that comes while the gateway stops is over at once")
    func stopping() {
        var machine = HoldMachine.sample()
        #expect(machine.shutdown().isEmpty)
        #expect(machine.begin(.response()) == "+a, -a, respond 200 held")
    }

    // MARK: Filters

    @Test("Filters keep back, and what they kept back counts as taken into account")
    func filters() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1", ["skip-self", "nobody-knows"])], meta: ["user": "u"]))
        #expect(machine.publish(.answering("a", content("mine"), id: "2", prev: "1", meta: ["sender": "u"])) == "–")
        #expect(machine.publish(.answering("a", content("theirs"), id: "3", prev: "2", meta: ["sender": "v"])) == "-a, respond 200 theirs")
    }

    @Test("Filters change content")
    func rewriting() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", ["var-subst"])], meta: ["name": "Ada"]))
        #expect(machine.publish(.answering("a", content("hi %(name)s", filters: ["var-subst"]))) == "-a, respond 200 hi Ada")
    }

    @Test("What a filter cannot do is told, and the client misses nothing by it")
    func failingFilter() {
        var machine = HoldMachine.sample()
        machine.begin(.response([.sample("a", prev: "1", ["var-subst"])]))
        #expect(machine.publish(.answering("a", content("hi %(name)s"), id: "2", prev: "1")) == "report")
        #expect(machine.publish(.answering("a", content("next"), id: "3", prev: "2")) == "forget a, again a:1")
    }

    @Test("In debugging, a filter that fails ends the hold")
    func failingFilterInDebugging() {
        var machine = HoldMachine.sample(debug: true)
        machine.begin(.response([.sample("a", ["var-subst"])]))
        #expect(
            machine.publish(.answering("a", content("hi", filters: ["build-id"]))).hasPrefix(
                "report, -a, respond 502 the subscription's content filters"))
    }

    @Test("A publication may ask for a subscription to another channel, by the app's name for it or the route's")
    func requireSub() {
        func machine(_ implicit: [String] = []) -> HoldMachine {
            var machine = HoldMachine.sample(implicit: implicit)
            machine.begin(
                .response([
                    .init(channel: .sample("p-a"), name: .sample("a"), filters: ["require-sub"]), .init(channel: .sample("p-b"), name: .sample("b")),
                ]))
            return machine
        }
        for (name, isMember) in [("b", true), ("p-b", false), ("c", false)] {
            var machine = machine()
            #expect((machine.publish(.answering("p-a", content("x"), meta: ["require_sub": name])) == "–") == !isMember)
        }
        var other = machine(["c"])
        #expect(other.publish(.answering("p-a", content("x"), meta: ["require_sub": "c"])).hasSuffix("respond 200 x"))
    }
}
