// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Requests held in stream mode.
struct HoldMachineStreamTests {
    private func keepAlive(_ seconds: Int, _ mode: HoldInstruction.KeepAlive.Mode = .idle) -> HoldInstruction.KeepAlive {
        .init(content: ByteBuffer(string: "."), timeout: .seconds(seconds), mode: mode)
    }

    // MARK: The first response

    @Test("A response without a hold or a link passes and ends")
    func passing() {
        var machine = HoldMachine.sample(implicit: ["all"])
        #expect(machine.begin(.passing(body: "whole")) == "begin 200, write whole, end")
        #expect(machine.isOver)

        var other = HoldMachine.sample()
        #expect(other.begin(.passing(), bodyFollows: true) == "begin 200")
        #expect(other.bodyReceived(ByteBuffer(string: "one"), at: .at(1)).outline == "write one")
        #expect(other.bodyReceived(ByteBuffer(), at: .at(1)).outline == "–")
        #expect(other.bodyEnded(at: .at(2)).outline == "end")
    }

    @Test("The head goes out without a body in it")
    func head() {
        var machine = HoldMachine.sample()
        let response = HeldResponse(status: 201, reason: "So", headers: ["X-A: 1"], body: ByteBuffer(string: "b"))
        let orders = machine.begin(HoldInstruction(mode: .stream, response: response), bodyFollows: false, at: .at(0)) { _ in nil }
        #expect(orders.first == .begin(HeldResponse(status: 201, reason: "So", headers: ["X-A: 1"])))
        #expect(orders.dropFirst().first == .write(ByteBuffer(string: "b")))
    }

    @Test("What is published while the first body passes comes behind it")
    func early() {
        var machine = HoldMachine.sample()
        #expect(machine.begin(.stream([.sample("a"), .sample("b")]), bodyFollows: true) == "+a, +b, begin 200")
        #expect(machine.publish(.streaming("a", "one")) == "–")
        #expect(machine.publish(.answering("a", "not for streams")) == "–")
        #expect(machine.publish(.streaming("b", "two")) == "–")
        #expect(machine.bodyEnded(at: .at(1)).outline == "write one, write two")
        #expect(machine.publish(.streaming("b", "three")) == "write three")
    }

    @Test("A first body that breaks off is broken off", arguments: [true, false])
    func broken(_ isDebugged: Bool) {
        var machine = HoldMachine.sample(debug: isDebugged)
        machine.begin(.stream(next: "/n"), bodyFollows: true)
        #expect(machine.fetchFailed("reset", at: .at(1), jitter: 0).outline == "report, -a, \(isDebugged ? "write \n\nreset\n, " : "")break off")
    }

    @Test("A filter may change the first body; where it cannot, nothing has begun yet")
    func rewriting() {
        var machine = HoldMachine.sample()
        let channels: [HoldInstruction.Channel] = [.sample("a", prev: "7", ["build-id"])]
        #expect(
            machine.begin(.stream(channels, next: "/n", meta: ["id_format": "<%(a)s>"], body: "id %I %%")) == "+a, begin 200, write id <7> %")
        var other = HoldMachine.sample(debug: true)
        #expect(other.begin(.stream(channels, next: "/n", gone: "/g", body: "id %I")).hasPrefix("report, gone /g, respond 502 build-id: "))
        #expect(other.isOver)
    }

    // MARK: Publications

    @Test("Content is appended, nothing is written for nothing, and a close ends the response")
    func publications() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(gone: "/gone"))
        #expect(machine.publish(.streaming("a", "one")) == "write one")
        #expect(machine.publish(.streaming("a", "")) == "–")
        #expect(machine.publish(.streaming("b", "elsewhere")) == "–")
        #expect(machine.publish(.streaming("a", .close)) == "-a, gone /gone, end")
    }

    @Test("A hint without a next link is nothing")
    func hintWithoutLink() {
        var machine = HoldMachine.sample()
        machine.begin(.stream())
        #expect(machine.publish(.streaming("a", .hint)) == "–")
        #expect(machine.state == .streaming)
    }

    @Test("Filters keep back what is not wanted, hints and closes too")
    func filters() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a", prev: "1", ["skip-self", "var-subst"])], next: "/n", meta: ["user": "u", "x": "y"]))
        #expect(machine.publish(.streaming("a", .close, id: "2", prev: "1", meta: ["sender": "u"])) == "–")
        #expect(machine.publish(.streaming("a", "a%(x)sb", id: "3", prev: "2")) == "write ayb")
        #expect(machine.publish(.streaming("a", .send(ByteBuffer(string: "x")), filters: ["build-id"], id: "4", prev: "3")) == "report")
        #expect(machine.publish(.streaming("a", "next", id: "5", prev: "4")) == "forget a, fetch /n a:3")
    }

    @Test("A filter must not make much of little")
    func long() {
        var machine = HoldMachine.sample(maxContentBytes: 8)
        machine.begin(.stream([.sample("a", ["var-subst"])], meta: ["x": "123456789"]))
        #expect(machine.publish(.streaming("a", "%(x)s")) == "report")
        #expect(machine.publish(.streaming("a", "12345678")) == "write 12345678")
    }

    @Test("In debugging, a filter that fails ends the stream with the reason")
    func failingFilter() {
        var machine = HoldMachine.sample(debug: true)
        machine.begin(.stream([.sample("a", ["var-subst"])]))
        let orders = machine.publish(.streaming("a", "%(x)s"))
        #expect(orders.hasPrefix("report, -a, write \n\nvar-subst: ") && orders.hasSuffix("\n, end"))
    }

    // MARK: Keep-alives

    @Test("Idle keep-alives count from the last content, interval ones do not")
    func keepAlives() {
        var idle = HoldMachine.sample()
        idle.begin(.stream(keepAlive: keepAlive(20)))
        #expect(idle.due == 20)
        #expect(idle.publish(.streaming("a", "x"), at: 5) == "write x")
        #expect(idle.due == 25)
        #expect(idle.pass(to: 24.9) == "–")
        #expect(idle.pass(to: 25) == "write .")
        #expect(idle.due == 45)

        var interval = HoldMachine.sample()
        interval.begin(.stream(keepAlive: keepAlive(20, .interval)))
        interval.publish(.streaming("a", "x"), at: 5)
        #expect(interval.due == 20)
        #expect(interval.pass(to: 21) == "write .")
        #expect(interval.due == 41)
    }

    @Test("Keep-alives of many streams come apart, but never much too often", arguments: [(1, 0.95), (5, 4.75), (10, 9.5), (55, 54.5)])
    func jitter(_ seconds: Int, _ due: Double) {
        var machine = HoldMachine.sample(jitter: 0.5)
        machine.begin(.stream(keepAlive: keepAlive(seconds)))
        #expect(machine.due == due)
    }

    @Test("Without a keep-alive or a link there is no deadline")
    func quiet() {
        var machine = HoldMachine.sample()
        machine.begin(.stream())
        #expect(machine.due == nil && machine.pass(to: 1e6) == "–")
    }

    @Test("Keep-alives go on while a link is asked, until its body comes")
    func keepAliveInFetch() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(keepAlive: keepAlive(20), next: "/n", after: .seconds(30)))
        #expect(machine.pass(to: 30) == "write ., fetch /n")
        #expect(machine.due == 50)
        #expect(machine.pass(to: 50) == "write .")
        machine.answer(.stream(keepAlive: keepAlive(5)), bodyFollows: true, at: 51)
        #expect(machine.due == 70)
        #expect(machine.bodyReceived(ByteBuffer(string: "x"), at: .at(52)).outline == "write x")
        #expect(machine.due == nil)
        #expect(machine.bodyEnded(at: .at(60)).isEmpty)
        #expect(machine.due == 65)
    }

    @Test("A link's instruction without a keep-alive ends keep-alives")
    func keepAliveEnds() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(keepAlive: keepAlive(20), next: "/n"))
        machine.publish(.streaming("a", .hint))
        machine.answer(.stream())
        #expect(machine.due == nil)
    }

    // MARK: A full client

    @Test("What a full client cannot take waits, timers too")
    func full() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(keepAlive: keepAlive(20), next: "/n", after: .seconds(30)))
        #expect(machine.writabilityChanged(false, at: .at(1)).isEmpty)
        #expect(machine.due == nil)
        #expect(machine.pass(to: 100) == "–")
        #expect(machine.publish(.streaming("a", "one"), at: 100) == "–")
        #expect(machine.publish(.streaming("a", "two"), at: 100) == "–")
        #expect(machine.writabilityChanged(false, at: .at(100)).isEmpty)
        #expect(machine.writabilityChanged(true, at: .at(100)).outline == "write one, write two")
        #expect(machine.due == 120)
    }

    @Test("A full client misses what is too much; with previous ids it is fetched")
    func overflow() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a", prev: "0")], next: "/n"))
        _ = machine.writabilityChanged(false, at: .at(1))
        for number in 1...HoldMachine.maxWaiting { machine.publish(.streaming("a", "\(number)", id: "\(number)", prev: "\(number - 1)")) }
        #expect(machine.publish(.streaming("a", "lost", id: "101", prev: "100")) == "report")
        #expect(machine.writabilityChanged(true, at: .at(2)).outline.hasSuffix("write 99, write 100, fetch /n a:100"))

        var other = HoldMachine.sample()
        other.begin(.stream())
        _ = other.writabilityChanged(false, at: .at(1))
        for number in 1...HoldMachine.maxWaiting + 5 { other.publish(.streaming("a", "\(number)")) }
        #expect(other.writabilityChanged(true, at: .at(2)).count == HoldMachine.maxWaiting)
        #expect(other.state == .streaming)
    }

    @Test("A gap behind what waited is not taken for old news")
    func gapInWaiting() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a", prev: "1")], next: "/n"))
        _ = machine.writabilityChanged(false, at: .at(1))
        machine.publish(.streaming("a", "3", id: "3", prev: "2"))
        #expect(machine.writabilityChanged(true, at: .at(2)).outline == "forget a, fetch /n a:1")
    }

    @Test("A hint or close among what waited ends the rest")
    func closeInWaiting() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(next: "/n"), bodyFollows: true)
        machine.publish(.streaming("a", "one"))
        machine.publish(.streaming("a", .hint))
        machine.publish(.streaming("a", "two"))
        #expect(machine.bodyEnded(at: .at(1)).outline == "write one, fetch /n")
        #expect(machine.answer(.stream()) == "–")
    }

    // MARK: Previous ids

    @Test("A stream that begins behind fetches its link as soon as its body is out")
    func behind() {
        var machine = HoldMachine.sample()
        #expect(machine.begin(.stream([.sample("a", prev: "1")], next: "/n"), bodyFollows: true, lastIDs: ["a": "3"]) == "+a, forget a, begin 200")
        #expect(machine.publish(.streaming("a", "4", id: "4", prev: "3")) == "–")
        #expect(machine.bodyEnded(at: .at(1)).outline == "fetch /n a:1")
        #expect(machine.answer(.stream([.sample("a", prev: "3")], next: "/n", body: "2 3")) == "write 2 3, write 4")
    }

    @Test("What does not follow is fetched, with what was there before")
    func gap() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a", prev: "1"), .sample("b", prev: "x"), .sample("c")], next: "/n"))
        #expect(machine.publish(.streaming("a", "2", id: "2", prev: "1")) == "write 2")
        #expect(machine.publish(.streaming("a", "4", id: "4", prev: "3")) == "forget a, fetch /n a:2 b:x")
        #expect(machine.publish(.streaming("a", "5", id: "5", prev: "4")) == "–")
        #expect(machine.answer(.stream([.sample("a", prev: "4")], next: "/m", body: "3 4")) == "-b, -c, write 3 4, write 5")
        #expect(machine.publish(.streaming("a", "7", id: "7", prev: "6")) == "forget a, fetch /m a:5")
    }

    @Test("A publication without an id ends the order")
    func idless() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a", prev: "1")], next: "/n"))
        #expect(machine.publish(.streaming("a", "2", prev: "1")) == "write 2")
        #expect(machine.publish(.streaming("a", "9", id: "9", prev: "8")) == "write 9")
    }

    @Test("What is missing and has no link ends the stream")
    func noLink() {
        var machine = HoldMachine.sample()
        machine.begin(.stream([.sample("a", prev: "1")]))
        #expect(machine.publish(.streaming("a", "4", id: "4", prev: "3")) == "report, -a, end")
    }

    // MARK: The end

    @Test("A gateway that stops lets bodies finish, and holds no more")
    func shutdown() {
        var machine = HoldMachine.sample()
        machine.begin(.stream(), bodyFollows: true)
        machine.publish(.streaming("a", "never"))
        #expect(machine.shutdown().isEmpty)
        #expect(machine.bodyReceived(ByteBuffer(string: "x"), at: .at(1)).outline == "write x")
        #expect(machine.bodyEnded(at: .at(1)).outline == "-a, end")
    }
}
