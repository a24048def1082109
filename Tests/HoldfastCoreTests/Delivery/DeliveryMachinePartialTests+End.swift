// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

extension DeliveryMachinePartialTests {
    // MARK: Failures

    @Test("A repetition carries what was left and its news, and tells the same")
    func repetition() {
        var machine = Self.offering(["abc"])
        machine.took(1)
        machine.take(.message(.sample("de")))
        #expect(Self.next(&machine) == ["bc", "de"])
        #expect(machine.replayedBytes == 2)
        machine.fail(.unreachable("refused"))
        machine.take(.message(.sample("late")))
        #expect(machine.replayedBytes == 2)
        #expect(Self.next(&machine) == ["bc", "de"])
        machine.took(2)
        #expect(Self.next(&machine) == ["de", "late"])
        #expect(machine.replayedBytes == 2)
    }

    @Test("What is given up is offered no more")
    func dropped() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0, onFailure: .drop), isRepeatable: false)
        var machine = Self.offering(["abc", "d"])
        machine.took(1)
        machine.take(.message(.sample("e")))
        machine.send()
        machine.take(.message(.sample("f")))
        #expect(machine.fail(.timeout(.seconds(1)), rules: rules).outline == "drop 3")
        #expect(machine.replayedBytes == 0)
        #expect(Self.next(&machine) == ["f"])
    }

    @Test("What an app has left and then cannot be reached for goes with the end")
    func kept() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0), isRepeatable: false)
        var machine = Self.offering(["abc"])
        machine.took(1)
        machine.take(.message(.sample("d")))
        machine.send()
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "close 0")
        #expect(!machine.hasBatch)
        machine.take(.end(.lost()))
        machine.resumeAfterEnd()
        #expect(machine.hasBatch)
        #expect(Self.next(&machine) == ["bc", "d", "end"])
        #expect(machine.replayedBytes == 2)
    }

    // MARK: The end

    @Test("The end is news: it goes behind what is left")
    func end() {
        var machine = Self.offering(["abc"])
        machine.took(1)
        machine.take(.end(.lost()))
        #expect(machine.hasBatch)
        #expect(Self.next(&machine) == ["bc", "end"])
        #expect(machine.replayedBytes == 2)
        #expect(machine.took(2) == DeliveryMachine.Progress(relieved: false, isFinished: true))
        #expect(machine.isFinished)
    }

    @Test("An end is taken when all messages before it are, and held back until then")
    func endHeldBack() {
        var machine = Self.offering(["abc"])
        machine.take(.end(.lost()))
        _ = machine.answered(limits: ConnectionLimits())
        machine.send()
        #expect(machine.took(0).isFinished, "an end alone has no bytes")

        machine = DeliveryMachine()
        machine.take(.message(.sample("abc")))
        machine.take(.end(.lost()))
        machine.send()
        let progress = machine.took(1)
        #expect(progress == DeliveryMachine.Progress(relieved: false, isFinished: false, again: .milliseconds(500)))
        #expect(!machine.hasBatch, "it waits for its time")
        #expect(Self.next(&machine) == ["bc", "end"])
        #expect(machine.replayedBytes == 2)
        #expect(machine.took(2).isFinished)
    }

    @Test("An end that came while the app took a part goes again with the rest")
    func endMeanwhile() {
        var machine = Self.offering(["abc"])
        machine.take(.end(.lost()))
        #expect(machine.took(2).again == .milliseconds(500))
        #expect(Self.next(&machine) == ["c", "end"])
        #expect(machine.replayedBytes == 1)
    }

    @Test("An app that takes nothing more is asked later each time, and given up when the end's budget is spent")
    func budget() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0, closeBudget: .seconds(60)), isRepeatable: false)
        var machine = DeliveryMachine()
        var now = MonotonicTime.after(.seconds(100))
        machine.take(.message(.sample("abc")), at: now)
        machine.take(.end(.lost()), at: now)
        var delays: [Double] = []
        machine.send()
        while let delay = machine.took(0, at: now, rules: rules).again {
            delays.append(delay.inSeconds)
            now = now + delay
            #expect(Self.next(&machine) == ["abc", "end"])
        }
        #expect(delays == [0.5, 1.5, 4.5, 10, 10, 10, 10, 10])
        #expect(machine.isFinished)
        #expect(machine.depth == 0 && machine.replayedBytes == 0)
        #expect(machine.take(.message(.sample("late"))) == .gone)
    }

    @Test("An app that takes a little each time has no longer than that either")
    func slowEnd() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(closeBudget: .seconds(60)), isRepeatable: false)
        var machine = DeliveryMachine()
        var now = MonotonicTime.after(.zero)
        machine.take(.message(.sample(String(repeating: "x", count: 1000))), at: now)
        machine.take(.end(.lost()), at: now)
        machine.send()
        var calls = 1
        while let delay = machine.took(1, at: now, rules: rules).again {
            now = now + delay
            machine.send()
            calls += 1
        }
        #expect(machine.isFinished)
        #expect(calls == 9)
        #expect(now <= .after(.seconds(60)))
    }

    @Test("Failures in between count as attempts, and the messages then make way for the end")
    func failureAfterPart() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1), isRepeatable: true)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("abc")))
        machine.take(.end(.lost()))
        machine.send()
        #expect(machine.took(1, rules: rules).again == .milliseconds(500))
        machine.send()
        #expect(machine.fail(.status(500), rules: rules).outline == "drop 1")
        #expect(Self.next(&machine) == ["end"])
        #expect(machine.replayedBytes == 0)
    }

    @Test("An app that hears of no end is still offered what it left, and then the machine is finished")
    func endedUnheard() {
        var machine = Self.offering(["abc"])
        machine.took(1)
        let isOver = machine.endedUnheard(at: .after(.zero))
        #expect(!isOver)
        #expect(machine.hasBatch, "nothing else will ever come")
        #expect(Self.next(&machine) == ["bc"])
        #expect(machine.took(0).again == .milliseconds(500))
        #expect(Self.next(&machine) == ["bc"])
        #expect(machine.took(2).isFinished)
    }

    @Test("The same when the end comes while the app takes a part")
    func endedUnheardMeanwhile() {
        var machine = Self.offering(["abc"])
        let isOver = machine.endedUnheard(at: .after(.zero))
        #expect(!isOver)
        #expect(machine.took(1).again == .milliseconds(500))
        #expect(Self.next(&machine) == ["bc"])
        #expect(machine.answered(limits: ConnectionLimits()).isFinished)
    }

    @Test("The last part taken finishes the machine at once")
    func lastPart() {
        var machine = Self.offering(["abc"])
        _ = machine.endedUnheard(at: .after(.zero))
        #expect(machine.took(3) == DeliveryMachine.Progress(relieved: false, isFinished: true))
    }
}
