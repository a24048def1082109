// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Events that are given up together: each of them asked for leave to do something.
struct DeliveryMachineWholeTests {
    private func rules(_ onFailure: WebhookPolicy.OnFailure = .close, retries: Int = 0) -> DeliveryMachine.RetryRules {
        DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: retries, onFailure: onFailure), isRepeatable: false, isAbandonedWhole: true)
    }

    private func machine(_ texts: [String]) -> DeliveryMachine {
        var machine = DeliveryMachine()
        for text in texts { machine.take(.message(.sample(text))) }
        machine.send(batches: false)
        return machine
    }

    @Test(
        "What waits behind a failure is lost with it, whether or not the app can have seen it",
        arguments: [
            DeliveryFailure.status(500), .timeout(.seconds(10)), .unreachable("refused"), .interrupted("reset"), .notUnderstood("why"),
        ])
    func behind(failure: DeliveryFailure) {
        var machine = machine(["a", "b", "c"])
        #expect(machine.fail(failure, rules: rules()) == .close(lost: 3))
        #expect(!machine.hasBatch)
        machine.take(.end(.lost()))
        machine.resumeAfterEnd()
        #expect(machine.next(batches: false)?.map(\.event) == [.end(.lost())])
        #expect(machine.answered(limits: ConnectionLimits()).isFinished)
    }

    @Test("After the client has left, too, but the end is still told")
    func afterTheEnd() {
        var machine = machine(["a", "b", "c"])
        machine.take(.end(.lost()))
        #expect(machine.fail(.status(500), rules: rules()).outline == "drop 3")
        #expect(machine.next(batches: false)?.map(\.event) == [.end(.lost())])
        // The end itself is repeated.
        #expect(machine.fail(.status(500), rules: rules()).outline == "retry 0.5")
        machine.send(batches: false)
        #expect(machine.answered(limits: ConnectionLimits()).isFinished)
    }

    @Test("Where nobody wants to hear of the end, nothing is left")
    func unheard() {
        var machine = machine(["a", "b"])
        let isOver = machine.endedUnheard(at: .after(.zero))
        #expect(!isOver)
        #expect(machine.fail(.status(500), rules: rules()).outline == "drop 2 finished")
    }

    @Test("Where failures are dropped, only what failed is")
    func dropped() {
        var machine = machine(["a", "b", "c"])
        #expect(machine.fail(.status(500), rules: rules(.drop)).outline == "drop 1")
        #expect(machine.send(batches: false) == [2])
        machine.take(.end(.lost()))
        #expect(machine.fail(.status(500), rules: rules(.drop)).outline == "drop 1")
        #expect(machine.send(batches: false) == [3])
    }

    @Test("A full queue has room again")
    func full() {
        var machine = DeliveryMachine()
        let limits = ConnectionLimits(queueEvents: 2)
        machine.take(.message(.sample("a")), limits: limits)
        machine.take(.message(.sample("b")), limits: limits)
        machine.send(batches: false)
        #expect(machine.failed(.status(500), at: .after(.zero), rules: rules(), limits: limits, jitter: 0.5) == .close(lost: 2))
        #expect(machine.depth == 0)
        #expect(machine.take(.end(.lost()), limits: limits) == .taken)
    }

    @Test("What can be repeated is, before anything is given up")
    func repeated() {
        var machine = machine(["a", "b"])
        #expect(machine.fail(.unreachable("refused"), rules: rules(retries: 1)).outline.hasPrefix("retry"))
        #expect(machine.send(batches: false) == [1])
        #expect(machine.fail(.unreachable("refused"), rules: rules(retries: 1)) == .close(lost: 2))
    }
}
