// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

/// What ``DeliveryMachine`` does for connections of lost nodes, and for those that were taken for lost.
struct DeliveryMachineLostTests {
    private let limits = ConnectionLimits()
    private let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(), isRepeatable: true)

    private func seqs(_ machine: inout DeliveryMachine) -> [Int]? { machine.next(batches: false)?.map(\.seq) }

    @Test("The closing event has the number that it is given, each time that it is sent")
    func number() {
        var machine = DeliveryMachine(asksLeave: false, startingAt: SessionRecord.closingSeq)
        _ = machine.occurred(.end(.lost()), at: .after(.zero), limits: limits)
        #expect(seqs(&machine) == [SessionRecord.closingSeq])
        let verdict = machine.failed(.status(500), at: .after(.seconds(1)), rules: rules, limits: limits, jitter: 0)
        #expect(verdict == .retry(after: .milliseconds(400)))
        #expect(seqs(&machine) == [SessionRecord.closingSeq])
        let progress = machine.answered(limits: limits)
        #expect(progress.isFinished)
    }

    @Test("Its budget is that of any closing event")
    func budget() {
        var machine = DeliveryMachine(asksLeave: false, startingAt: SessionRecord.closingSeq)
        _ = machine.occurred(.end(.lost()), at: .after(.zero), limits: limits)
        var time = Duration.zero
        var attempts = 0
        while machine.next(batches: false) != nil {
            attempts += 1
            switch machine.failed(.unreachable("gone"), at: .after(time), rules: rules, limits: limits, jitter: 0.5) {
            case .retry(let delay): time += delay
            case .abandon(let lost): #expect(lost == 1)
            case let other: Issue.record("\(other)")
            }
        }
        #expect(machine.isFinished && time <= .seconds(60) && time > .seconds(40) && attempts > 5)
    }

    @Test("A machine that is silenced sends nothing more, whatever it was at")
    func silence() {
        for depth in 0...3 {
            for isInFlight in [false, true] {
                var machine = DeliveryMachine()
                for _ in 0..<depth { _ = machine.occurred(.message(.sample("x")), at: .after(.zero), limits: limits) }
                if isInFlight { _ = machine.next(batches: true) }
                machine.silence()
                #expect(machine.isFinished && machine.depth == 0 && !machine.hasBatch && machine.batchInFlight == nil)
                let batch = machine.next(batches: true)
                let intake = machine.occurred(.end(.lost()), at: .after(.zero), limits: limits)
                #expect(batch == nil && intake == .gone)
                let progress = machine.answered(limits: limits)
                #expect(progress.isFinished)
            }
        }
    }
}
