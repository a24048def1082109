// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct DeliveryMachineTests {
    // MARK: Batches

    @Test("Events are numbered from 1 over the whole life; all that waits leaves together, the opening event alone")
    func numbersAndBatches() {
        var machine = DeliveryMachine()
        machine.take(.open(.sample()))
        machine.take(.message(.sample("early")))
        #expect(machine.send() == [1])
        machine.take(.message(.sample("b")))
        _ = machine.answered(limits: ConnectionLimits())
        #expect(machine.send() == [2, 3])
        machine.take(.end(.lost()))
        _ = machine.answered(limits: ConnectionLimits())
        #expect(machine.send() == [4])
        #expect(machine.answered(limits: ConnectionLimits()).isFinished)
    }

    @Test("Where the dialect has no batches, events leave one by one")
    func oneByOne() {
        var machine = DeliveryMachine()
        for text in ["a", "b", "c"] { machine.take(.message(.sample(text))) }
        for seq in 1...3 {
            #expect(machine.send(batches: false) == [seq])
            _ = machine.answered(limits: ConnectionLimits())
        }
        #expect(machine.isIdle)
    }

    @Test("A repetition carries the same batch, whatever came since")
    func sameBatch() {
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.take(.message(.sample("b")))
        #expect(machine.send() == [1, 2])
        machine.take(.message(.sample("c")))
        machine.fail(.status(503))
        #expect(!machine.hasBatch, "nothing else leaves meanwhile")
        machine.take(.end(.lost()))
        #expect(machine.send() == [1, 2])
    }

    // MARK: Back-pressure

    @Test("The queue is full at its number of events, and is relieved once at half of it")
    func fullByCount() {
        let limits = ConnectionLimits(queueEvents: 4)
        var machine = DeliveryMachine()
        let intakes = (1...6).map { machine.take(.message(.sample("\($0)")), limits: limits) }
        #expect(intakes == [.taken, .taken, .taken, .takenNowFull, .takenNowFull, .takenNowFull])
        var reliefs: [Bool] = []
        for _ in 1...6 {
            machine.send(batches: false)
            reliefs.append(machine.answered(limits: limits).relieved)
        }
        #expect(reliefs == [false, false, false, true, false, false])
    }

    @Test("The queue is full at its bytes, and what is in flight counts")
    func fullByBytes() {
        let limits = ConnectionLimits(queueBytes: 10)
        var machine = DeliveryMachine()
        #expect(machine.take(.message(.sample("12345")), limits: limits) == .taken)
        machine.send()
        #expect(machine.take(.message(.sample("1234")), limits: limits) == .taken)
        #expect(machine.take(.ping(ByteBuffer(string: "x")), limits: limits) == .takenNowFull)
        #expect(machine.answered(limits: limits).relieved)
        #expect(machine.take(.message(.sample("12345")), limits: limits) == .takenNowFull)
    }

    @Test("What is given up makes room too")
    func relievedByDrop() {
        var policy = WebhookPolicy()
        policy.onFailure = .drop
        let limits = ConnectionLimits(queueEvents: 2)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")), limits: limits)
        #expect(machine.take(.message(.sample("b")), limits: limits) == .takenNowFull)
        machine.send()
        let verdict = machine.failed(
            .notUnderstood("no JSON"), at: .after(.zero), rules: .init(policy: policy, isRepeatable: true), limits: limits, jitter: 0)
        #expect(verdict.outline == "drop 2 relieved")
        #expect(machine.isIdle)
    }

    // MARK: Failures while the connection lives

    @Test("A repeatable delivery is attempted once and repeated as often as the policy says, later each time", arguments: [0, 1, 2, 5])
    func retries(_ count: Int) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: count), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.send()
        var verdicts: [String] = []
        for _ in 0...count {
            verdicts.append(machine.fail(.status(500), rules: rules).outline)
            machine.send()
        }
        let delays = ["retry 0.5", "retry 1.5", "retry 4.5", "retry 10.0", "retry 10.0"]
        #expect(verdicts == delays.prefix(count) + ["close 1"])
    }

    @Test(
        "Without a limit, an app that is away is asked for ever",
        arguments: [.unreachable("refused"), .timeout(.seconds(10)), .interrupted("reset"), .status(429), .status(502), .status(503), .status(504)]
            as [DeliveryFailure])
    func unlimited(_ failure: DeliveryFailure) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: WebhookPolicy.unlimited, onFailure: .drop), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        for attempt in 1...1000 {
            machine.send()
            let verdict = machine.fail(failure, rules: rules)
            guard attempt > 3 else { continue }
            #expect(verdict.outline == "retry 10.0")
        }
    }

    @Test("Without a limit, an app that is there and fails on a message is asked twenty times more, and then about the next")
    func errors() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: WebhookPolicy.unlimited, onFailure: .drop), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.take(.message(.sample("b")))
        // It was away for long: that counts for nothing.
        for _ in 1...100 {
            machine.send(batches: false)
            #expect(machine.fail(.unreachable("refused"), rules: rules).outline.hasPrefix("retry"))
        }
        for message in [1, 2] {
            for _ in 1...WebhookPolicy.maxErrors {
                #expect(machine.send(batches: false) == [message])
                #expect(machine.fail(.status(500), rules: rules).outline.hasPrefix("retry"))
            }
            machine.send(batches: false)
            #expect(machine.fail(.status(500), rules: rules).outline == "drop 1")
        }
        #expect(machine.isIdle)
    }

    @Test("Without a limit, what is left after the end is repeated until the budget is over")
    func unlimitedAfterEnd() {
        let policy = WebhookPolicy(retries: WebhookPolicy.unlimited, onFailure: .drop, closeBudget: .seconds(3600))
        let rules = DeliveryMachine.RetryRules(policy: policy, isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.take(.end(.lost()))
        for minute in 0..<59 {
            #expect(machine.send(batches: false) == [1])
            #expect(machine.fail(.status(503), at: .after(.seconds(60 * minute)), rules: rules).outline.hasPrefix("retry"))
        }
        machine.send(batches: false)
        #expect(machine.fail(.status(503), at: .after(.seconds(3601)), rules: rules).outline == "drop 1")
    }

    @Test(
        "What the app may have acted on is repeated only when it can tell a repetition",
        arguments: [
            (.unreachable("refused"), "retry 0.5", "retry 0.5"), (.timeout(.seconds(10)), "retry 0.5", "close 1"),
            (.interrupted("reset"), "retry 0.5", "close 1"), (.status(500), "retry 0.5", "close 1"), (.status(429), "retry 0.5", "close 1"),
            (.status(400), "close 1", "close 1"), (.notUnderstood("no JSON"), "close 1", "close 1"),
        ] as [(DeliveryFailure, String, String)])
    func repeatable(_ failure: DeliveryFailure, _ repeatable: String, _ unrepeatable: String) {
        for (isRepeatable, expected) in [(true, repeatable), (false, unrepeatable)] {
            var machine = DeliveryMachine()
            machine.take(.message(.sample("a")))
            machine.send()
            let verdict = machine.fail(failure, rules: .init(policy: WebhookPolicy(), isRepeatable: isRepeatable))
            #expect(verdict.outline == expected)
        }
    }

    @Test("A request that met a closing connection is repeated at once and is no attempt", arguments: [true, false])
    func stale(_ isRepeatable: Bool) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1), isRepeatable: isRepeatable)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.send()
        for _ in 1...5 {
            #expect(machine.fail(.stale, rules: rules) == .retryNow)
            #expect(machine.send() == [1])
        }
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "retry 0.5", "the first failure that counts")
    }

    @Test("The opening event that fails for good refuses the client, whatever the policy", arguments: WebhookPolicy.OnFailure.allCases)
    func openingFails(_ onFailure: WebhookPolicy.OnFailure) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1, onFailure: onFailure), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.open(.sample()))
        machine.send()
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "retry 0.5")
        #expect(machine.send() == [1])
        #expect(machine.fail(.unreachable("refused"), rules: rules) == .refuse)
        #expect(machine.isFinished)
        #expect(machine.take(.message(.sample("late"))) == .gone)
    }

    @Test(
        "An app that may have said yes to an opening that failed hears of the end",
        arguments: [.timeout(.seconds(1)), .interrupted("reset"), .notUnderstood("no JSON")] as [DeliveryFailure])
    func openingMayHaveBeenAccepted(_ failure: DeliveryFailure) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.open(.sample()))
        machine.send()
        #expect(machine.fail(failure, rules: rules) == .refuseAndTell)
        machine.take(.end(.lost()))
        #expect(machine.send() == [2])
    }

    @Test("With drop, a failed batch is lost and the next one leaves")
    func drop() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0, onFailure: .drop), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.take(.message(.sample("b")))
        machine.send()
        machine.take(.message(.sample("c")))
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "drop 2")
        #expect(machine.send() == [3])
    }

    // MARK: The end

    @Test("What an unreachable app has certainly not seen travels in front of the closing event")
    func kept() {
        var machine = DeliveryMachineGridTests.Place.held.machine
        machine.take(.end(.lost()))
        #expect(machine.send() == nil, "nothing leaves before the end is known")
        machine.resumeAfterEnd()
        #expect(machine.send() == [1, 2, 3])
        #expect(machine.answered(limits: ConnectionLimits()).isFinished)
    }

    @Test("Where the dialect has no batches it travels in front of it one by one")
    func keptOneByOne() {
        var machine = DeliveryMachineGridTests.Place.held.machine
        machine.take(.end(.lost()))
        machine.resumeAfterEnd()
        var finished: [Bool] = []
        for seq in 1...3 {
            #expect(machine.send(batches: false) == [seq])
            finished.append(machine.answered(limits: ConnectionLimits()).isFinished)
        }
        #expect(finished == [false, false, true])
    }

    @Test("The closing event is repeated until its budget is spent, also where nothing else is repeatable", arguments: [true, false])
    func closingIsRepeated(_ isRepeatable: Bool) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0, closeBudget: .seconds(60)), isRepeatable: isRepeatable)
        var machine = DeliveryMachine()
        var now = MonotonicTime.after(.seconds(100))
        machine.take(.end(.lost()), at: now)
        machine.send()
        var attempts = 1
        while case .retry(let delay) = machine.fail(.timeout(.seconds(10)), at: now, rules: rules) {
            now = now + delay
            #expect(machine.send() == [1])
            attempts += 1
        }
        #expect(machine.isFinished)
        #expect(now <= .after(.seconds(160)))
        // 0.5 + 1.5 + 4.5 + 5 × 10 = 56.5 s; one more pause would pass the 60.
        #expect(attempts == 9)
    }

    @Test("Messages that cannot be delivered make way for the closing event, which then goes alone")
    func makesWay() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1, closeBudget: .seconds(60)), isRepeatable: true)
        var machine = DeliveryMachineGridTests.Place.farewell.machine
        #expect(machine.fail(.status(500), rules: rules).outline == "retry 0.5")
        #expect(machine.send() == [1, 2])
        #expect(machine.fail(.status(500), rules: rules).outline == "drop 1")
        #expect(machine.send() == [2])
        #expect(machine.fail(.status(500), rules: rules).outline == "retry 0.5", "its own attempts are counted anew")
    }

    @Test("A message in flight when the end came is given up when the budget is spent, and the closing event has its try")
    func lateClosing() {
        var machine = DeliveryMachineGridTests.Place.ended.machine
        let late = MonotonicTime.after(.seconds(61))
        #expect(machine.fail(.unreachable("refused"), at: late).outline == "drop 1")
        #expect(machine.send() == [2, 3])
        #expect(machine.fail(.unreachable("refused"), at: late).outline == "drop 1")
        #expect(machine.send() == [3])
        #expect(machine.fail(.unreachable("refused"), at: late).outline == "abandon 1")
        #expect(machine.isFinished)
    }

    @Test("An app that wants no closing event still gets what waits, and then the machine is finished")
    func endedUnheard() {
        var machine = DeliveryMachineGridTests.Place.inFlight.machine
        let isOver = machine.endedUnheard(at: .after(.zero))
        #expect(!isOver)
        #expect(machine.take(.message(.sample("late"))) == .gone)
        #expect(!machine.answered(limits: ConnectionLimits()).isFinished)
        #expect(machine.send() == [2])
        #expect(machine.answered(limits: ConnectionLimits()).isFinished)
    }

    @Test(
        "When its last events were given up, it is finished at the unheard end", arguments: [DeliveryFailure.notUnderstood("no JSON"), .status(400)])
    func endedUnheardAfterLoss(_ failure: DeliveryFailure) {
        var machine = DeliveryMachine()
        machine.take(.message(.sample("a")))
        machine.send()
        #expect(machine.fail(failure).outline == "close 1")
        let isOver = machine.endedUnheard(at: .after(.zero))
        #expect(isOver, "nothing will ever finish it otherwise")
        #expect(machine.isFinished)
    }
}
