// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Apps that take a part of what they are offered: `Content-Bytes-Accepted`.
struct DeliveryMachinePartialTests {
    static func offering(_ texts: [String], limits: ConnectionLimits = ConnectionLimits()) -> DeliveryMachine {
        var machine = DeliveryMachine()
        for text in texts { machine.take(.message(.sample(text)), limits: limits) }
        machine.send()
        return machine
    }

    /// What the next batch says.
    static func next(_ machine: inout DeliveryMachine) -> [String] { machine.next(batches: true).map { $0.map { said($0.event) } } ?? [] }

    private static func said(_ event: Event) -> String {
        switch event {
        case .message(.text(let bytes)): String(buffer: bytes)
        case .message(.binary(let bytes)): "binary " + String(buffer: bytes)
        case .ping(let bytes): "ping " + String(buffer: bytes)
        case .pong(let bytes): "pong " + String(buffer: bytes)
        case .ready: "ready"
        case .open: "open"
        case .refresh: "refresh"
        case .end: "end"
        }
    }

    // MARK: What is left

    @Test("What was not taken goes again in front of the news, with its kind, and its bytes are counted")
    func vector() {
        var machine = Self.offering(["[foo][hello"])
        #expect(machine.replayedBytes == 0)
        #expect(machine.took(5) == DeliveryMachine.Progress(relieved: false, isFinished: false))
        #expect(machine.replayedBytes == 6)
        #expect(!machine.hasBatch, "nothing is sent before there is news")
        #expect(!machine.isIdle)
        machine.take(.message(.sample(" world]")))
        #expect(machine.hasBatch)
        #expect(machine.replayedBytes == 6)
        #expect(Self.next(&machine) == ["[hello", " world]"])
        #expect(machine.answered(limits: ConnectionLimits()) == DeliveryMachine.Progress(relieved: false, isFinished: false))
        #expect(machine.isIdle && machine.replayedBytes == 0)
    }

    @Test(
        "Taken is counted over all messages in order; what has no bytes goes with what is before it, and with nothing at the front",
        arguments: [
            (["ab"], 0, ["ab"]), (["ab"], 1, ["b"]), (["ab"], 2, []), (["ab", "cd"], 1, ["b", "cd"]), (["ab", "cd"], 2, ["cd"]),
            (["ab", "cd"], 3, ["d"]), (["ab", "cd"], 4, []), (["", "ab"], 0, ["ab"]), (["ab", ""], 1, ["b", ""]), (["ab", ""], 2, []),
            (["ab", "", "cd"], 2, ["cd"]), (["ab", "", "cd"], 1, ["b", "", "cd"]), (["", "", "ab", "", ""], 0, ["ab", "", ""]), (["", ""], 0, []),
            (["", "ab", "", ""], 2, []),
        ] as [([String], Int, [String])])
    func borders(_ texts: [String], _ taken: Int, _ left: [String]) {
        var machine = Self.offering(texts)
        #expect(machine.canTake(taken))
        machine.took(taken)
        #expect(machine.depth == left.count)
        #expect(machine.replayedBytes == left.joined().utf8.count)
        #expect(!machine.hasBatch)
        #expect(machine.isIdle == left.isEmpty)
        machine.take(.message(.sample("news")))
        #expect(Self.next(&machine) == left + ["news"])
    }

    @Test("Every kind of event keeps its kind when it is cut, and a character may be cut too")
    func kinds() {
        for (event, rest) in [
            (.message(.text(ByteBuffer(string: "é→"))), ByteBuffer(bytes: [0xA9, 0xE2, 0x86, 0x92])),
            (.message(.binary(ByteBuffer(string: "ab"))), ByteBuffer(string: "b")), (.ping(ByteBuffer(string: "ab")), ByteBuffer(string: "b")),
            (.pong(ByteBuffer(string: "ab")), ByteBuffer(string: "b")),
        ] as [(Event, ByteBuffer)] {
            var machine = DeliveryMachine()
            machine.take(event)
            machine.send()
            machine.took(1)
            machine.take(.refresh)
            let left = machine.next(batches: true)?.first?.event
            switch (event, left) {
            case (.message(.text), .message(.text(let bytes))), (.message(.binary), .message(.binary(let bytes))), (.ping, .ping(let bytes)),
                (.pong, .pong(let bytes)):
                #expect(bytes == rest)
            default: Issue.record("\(event) became \(String(describing: left))")
            }
        }
    }

    @Test("What remains keeps its number")
    func numbers() {
        var machine = Self.offering(["ab", "cd", "ef"])
        machine.took(3)
        machine.take(.message(.sample("news")))
        #expect(machine.send() == [2, 3, 4])
    }

    @Test("Again and again: each time the rest shrinks, and only what was offered counts as replayed")
    func repeatedly() {
        var machine = Self.offering(["abcdef"])
        machine.took(1)
        machine.take(.message(.sample("gh")))
        #expect(Self.next(&machine) == ["bcdef", "gh"])
        // News that come while the app thinks were not offered.
        machine.take(.message(.sample("ij")))
        machine.took(2)
        #expect(machine.replayedBytes == 5)
        #expect(machine.hasBatch, "there is news already")
        #expect(Self.next(&machine) == ["def", "gh", "ij"])
        machine.took(5)
        #expect(machine.replayedBytes == 2)
        #expect(!machine.hasBatch)
        machine.take(.message(.sample("k")))
        #expect(Self.next(&machine) == ["ij", "k"])
        machine.took(3)
        #expect(machine.isIdle && machine.replayedBytes == 0)
    }

    @Test("An opening has no bytes, so it is always taken whole")
    func opening() {
        var machine = DeliveryMachine()
        machine.take(.open(.sample()))
        machine.take(.message(.sample("early")))
        machine.send()
        #expect(machine.canTake(0))
        #expect(!machine.canTake(1))
        machine.took(0)
        #expect(machine.replayedBytes == 0)
        #expect(machine.hasBatch, "the message was never offered")
        #expect(machine.send() == [2])
    }

    // MARK: What can be taken

    @Test("An app cannot take more than it was offered, nor less than nothing")
    func tooMuch() {
        let machine = Self.offering(["ab", "", "cd"])
        #expect([-1, 0, 1, 4, 5, Int.max, Int.min].map(machine.canTake) == [false, true, true, true, false, false, false])
    }

    @Test("What came since is not offered yet")
    func offeredOnly() {
        var machine = Self.offering(["ab"])
        machine.take(.message(.sample("cd")))
        #expect(machine.canTake(2))
        #expect(!machine.canTake(3))
    }

    @Test("Where the queue is full and nobody can add to it, something must be taken")
    func fullAndNothingTaken() {
        for limits in [ConnectionLimits(queueEvents: 2), ConnectionLimits(queueBytes: 4)] {
            var machine = DeliveryMachine()
            machine.take(.message(.sample("ab")), limits: limits)
            #expect(machine.take(.message(.sample("cd")), limits: limits) == .takenNowFull)
            machine.send()
            #expect(!machine.canTake(0))
            #expect(machine.canTake(1))
        }
        // Full of what has no bytes: it is taken whole.
        var empty = DeliveryMachine()
        for _ in 1...2 { empty.take(.message(.sample("")), limits: ConnectionLimits(queueEvents: 2)) }
        empty.send()
        #expect(empty.canTake(0))
        #expect(empty.took(0, limits: ConnectionLimits(queueEvents: 2)).relieved)
    }

    @Test("A queue that got full since does not force the app: there is news to go on with")
    func fullSince() {
        let limits = ConnectionLimits(queueEvents: 3)
        var machine = Self.offering(["ab"], limits: limits)
        machine.take(.message(.sample("cd")), limits: limits)
        #expect(machine.take(.message(.sample("ef")), limits: limits) == .takenNowFull)
        #expect(machine.canTake(0))
        machine.took(0, limits: limits)
        #expect(machine.hasBatch)
        #expect(Self.next(&machine) == ["ab", "cd", "ef"])
        #expect(!machine.canTake(0), "now all was offered")
    }

    @Test("Nothing is judged that is not in flight", arguments: DeliveryMachineGridTests.Place.allCases)
    func notInFlight(_ place: DeliveryMachineGridTests.Place) {
        var machine = place.machine
        guard machine.batchInFlight == nil else { return }
        #expect(machine.canTake(7))
        let before = machine.outline
        #expect(machine.took(7) == DeliveryMachine.Progress(relieved: false, isFinished: machine.isFinished))
        #expect(machine.outline == before)
    }

    // MARK: Back-pressure

    @Test("What was taken makes room, by bytes and by events")
    func relief() {
        let bytes = ConnectionLimits(queueBytes: 10)
        var machine = DeliveryMachine()
        #expect(machine.take(.message(.sample("0123456789")), limits: bytes) == .takenNowFull)
        machine.send()
        #expect(machine.took(5, limits: bytes).relieved)
        #expect(machine.replayedBytes == 5)
        #expect(machine.take(.message(.sample("abcd")), limits: bytes) == .taken)
        #expect(machine.take(.message(.sample("e")), limits: bytes) == .takenNowFull, "what is left counts")

        let events = ConnectionLimits(queueEvents: 4)
        machine = DeliveryMachine()
        for text in ["a", "b", "c", "d"] { machine.take(.message(.sample(text)), limits: events) }
        machine.send()
        #expect(machine.took(2, limits: events).relieved)
    }

    @Test("A queue from which too little was taken to read on is offered again at once, or is read on: never neither", arguments: 1..<10)
    func neverStuck(_ taken: Int) {
        let limits = ConnectionLimits(queueBytes: 10)
        var machine = DeliveryMachine()
        #expect(machine.take(.message(.sample("0123456789")), limits: limits) == .takenNowFull)
        machine.send()
        #expect(machine.canTake(taken))
        let progress = machine.took(taken, limits: limits)
        #expect(progress.relieved || machine.hasBatch)
    }

    @Test("An app that waits for what was not read yet is not taken for one that blocks the way, once there is room")
    func waitsForMore() {
        let limits = ConnectionLimits(queueBytes: 10)
        var machine = DeliveryMachine()
        #expect(machine.take(.message(.sample("0123456789")), limits: limits) == .takenNowFull)
        machine.send()
        if machine.took(1, limits: limits).relieved { return }
        // It is more than half full, so it is offered again; nobody reads on, and still the app may need more.
        machine.send()
        #expect(machine.canTake(0))
        #expect(machine.took(0, limits: limits).relieved)
    }

    @Test("The same where one message alone is longer than the queue may be: it is taken bit by bit")
    func longMessage() {
        let limits = ConnectionLimits(queueBytes: 10)
        var machine = DeliveryMachine()
        machine.take(.message(.sample(String(repeating: "x", count: 100))), limits: limits)
        var isReadOn = false
        var calls = 0
        while !isReadOn, machine.hasBatch, calls < 1000 {
            machine.send()
            calls += 1
            isReadOn = machine.took(1, limits: limits).relieved
        }
        #expect(isReadOn)
        #expect((90...96).contains(calls))
    }
}
