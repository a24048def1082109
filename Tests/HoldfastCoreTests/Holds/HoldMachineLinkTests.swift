// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Responses that go on by links.
struct HoldMachineLinkTests {
    @Test("Without a hold a link is followed at once, to the end of the chain")
    func chain() {
        var machine = HoldMachine.sample()
        #expect(machine.begin(.passing(next: "two?x#y", body: "one")) == "begin 200, write one, fetch /chat/two?x")
        #expect(machine.answer(.passing(next: "../three", body: "two")) == "write two, fetch /three")
        #expect(machine.answer(nil, bodyFollows: true) == "–")
        #expect(machine.bodyReceived(ByteBuffer(string: "three"), at: .at(1)).outline == "write three")
        #expect(machine.bodyEnded(at: .at(1)).outline == "end")
    }

    @Test("A chain may become a stream and the other way round")
    func chainToStream() {
        var machine = HoldMachine.sample(implicit: ["all"])
        machine.begin(.passing(next: "/two", body: "one"))
        #expect(machine.answer(.stream(next: "/three", body: "two")) == "+all, +a, write two")
        #expect(machine.publish(.streaming("all", .hint)) == "fetch /three")
        #expect(machine.answer(.passing(body: "three")) == "write three, -all, -a, end")
    }

    @Test("A chain of empty answers is followed no faster than once a second")
    func emptyChain() {
        var machine = HoldMachine.sample(jitter: 0.5)
        machine.begin(.passing(next: "/n"))
        #expect(machine.state == .fetching)
        #expect(machine.answer(.passing(next: "/n"), at: 10) == "–")
        #expect(machine.due == 11.5)
        #expect(machine.pass(to: 11.4) == "–")
        #expect(machine.pass(to: 11.5) == "fetch /n")
        #expect(machine.answer(.passing(next: "/n", body: "x"), at: 12) == "write x, fetch /n")
    }

    @Test("A link is fetched after so long without news on some channel")
    func idleLink() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a"), .sample("b")], next: "/n", after: .seconds(30)))
        #expect(machine.due == 30)
        machine.publish(.streaming("a", "x"), at: 10)
        machine.publish(.streaming("a", "x"), at: 11)
        #expect(machine.due == 30)
        machine.publish(.streaming("b", "x"), at: 20)
        #expect(machine.due == 50)
        machine.publish(.streaming("b", "x"), at: 25)
        #expect(machine.due == 50)
        #expect(machine.pass(to: 50) == "fetch /n")
        #expect(machine.due == nil)
        machine.answer(.stream([.sample("a")], next: "/n", after: .seconds(10)), at: 52)
        #expect(machine.due == 62)
    }

    @Test("A link that holds must hold in stream mode")
    func responseHold() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(next: "/n"))
        machine.publish(.streaming("a", .hint))
        #expect(machine.answer(.response(), bodyFollows: true) == "cancel, report, -a, end")
    }

    @Test("A link's filters are applied to its body, and where they cannot be the stream ends")
    func linkFilter() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(next: "/n"))
        machine.publish(.streaming("a", .hint))
        #expect(machine.answer(.stream([.sample("a", ["build-id"])], next: "/n", meta: ["id_format": "9"], body: "%I")) == "write 9")
        machine.publish(.streaming("a", .hint))
        #expect(machine.answer(.stream([.sample("a", ["build-id"])], body: "%I")) == "report, -a, end")
    }

    @Test("A link that fails is tried five times more, later each time")
    func retries() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(next: "/n"))
        machine.publish(.streaming("a", .hint))
        var second = 0.0
        for delay in [1.25, 2.25, 4.25, 8.25, 16.25] {
            #expect(machine.fetchFailed("refused", at: .at(second), jitter: 0.25).outline == "report")
            second += delay
            #expect(machine.due == second)
            #expect(machine.pass(to: second) == "fetch /n")
        }
        #expect(machine.answer(nil, status: 404, at: second) == "report, -a, end")
    }

    @Test("An answer forgets the tries before")
    func retriesForgotten() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(next: "/n"))
        for _ in 1...3 {
            machine.publish(.streaming("a", .hint))
            for second in 1...HoldMachine.maxRetries {
                #expect(machine.answer(nil, status: second.isMultiple(of: 2) ? 500 : 302, bodyFollows: second == 1).hasSuffix("report"))
                machine.pass(to: 1000)
            }
            #expect(machine.answer(.stream(next: "/n", body: "x")) == "write x")
        }
    }

    @Test("A link is not tried again once the client has some of it", arguments: [true, false])
    func torn(_ isStream: Bool) {
        var machine = HoldMachine.sample()
        machine.begin(isStream ? .stream(next: "/n") : .passing(next: "/n", body: "x"))
        machine.publish(.streaming("a", .hint))
        machine.answer(isStream ? .stream(next: "/n") : .passing(), bodyFollows: true)
        #expect(machine.fetchFailed("reset", at: .at(1), jitter: 0).outline == "report")
        machine.pass(to: 100)
        machine.answer(isStream ? .stream(next: "/n") : .passing(), bodyFollows: true)
        _ = machine.bodyReceived(ByteBuffer(string: "half"), at: .at(1))
        #expect(machine.fetchFailed("reset", at: .at(1), jitter: 0).outline == "report, \(isStream ? "-a, " : "")break off")
    }

    @Test("A chain whose link cannot be had is broken off, for it is not whole")
    func brokenChain() {
        var machine = HoldMachine.sample()
        machine.begin(.passing(next: "/n", body: "x"))
        for second in 1...HoldMachine.maxRetries {
            machine.answer(nil, status: 503, at: Double(second))
            machine.pass(to: 1000)
        }
        #expect(machine.answer(nil, status: 503) == "report, break off")
    }

    @Test("Only the first answer's link for the gone counts")
    func gone() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(next: "/n", gone: "/gone/1"))
        machine.publish(.streaming("a", .hint))
        machine.answer(.stream(gone: "/gone/2"))
        #expect(machine.clientGone().outline == "-a, gone /gone/1")
    }

    @Test("Links lead to other services where they say so")
    func elsewhere() throws {
        var machine = HoldMachine.sample()
        let orders = machine.begin(.passing(next: "//example.net:81/n"), bodyFollows: false, at: .at(0)) { _ in nil }
        #expect(orders.last == .fetch(try #require(HoldURI(isTLS: false, authority: "example.net:81", target: "/n")), []))
        machine.answer(.passing(next: "m", body: "x"))
        #expect(machine.answer(nil, status: 500, bodyFollows: true) == "cancel, report")
    }

    @Test("A gateway that stops breaks off a chain that is not whole, and tries no link again")
    func shutdownOfChain() {
        var machine = HoldMachine.sample()
        machine.begin(.passing(next: "/n"), bodyFollows: true)
        _ = machine.shutdown()
        #expect(machine.bodyEnded(at: .at(1)).outline == "break off")

        var fetching = HoldMachine.sample()
        fetching.begin(.passing(next: "/n", body: "x"))
        #expect(fetching.shutdown().outline == "cancel, break off")

        var link = HoldMachine.sample()
        link.begin(.stream(next: "/n"))
        link.publish(.streaming("a", .hint))
        link.answer(.stream(next: "/n"), bodyFollows: true)
        _ = link.shutdown()
        #expect(link.fetchFailed("reset", at: .at(1), jitter: 0).outline == "report, -a, end")
    }
}
