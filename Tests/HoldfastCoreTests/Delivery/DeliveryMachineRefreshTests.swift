// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

/// Calls without news, and openings that the app has not made up its mind about.
struct DeliveryMachineRefreshTests {
    // MARK: Refresh

    @Test("A call without news has a number like any other event, and travels with what else there is")
    func travels() {
        var machine = DeliveryMachine()
        #expect(machine.take(.refresh) == .taken)
        #expect(machine.hasBatch)
        machine.take(.message(.sample("a")))
        #expect(machine.send() == [1, 2])
        #expect(machine.answered(limits: ConnectionLimits()).outline == "progress")
        #expect(machine.isIdle)
    }

    @Test("Calls that wait one behind the other are one call")
    func merged() {
        var machine = DeliveryMachine()
        for _ in 1...5 { #expect(machine.take(.refresh) == .taken) }
        #expect(machine.depth == 1)
        machine.take(.message(.sample("a")))
        for _ in 1...5 { machine.take(.refresh) }
        #expect(machine.depth == 3)
        #expect(machine.send() == [1, 2, 3])
    }

    @Test("A call that is on its way does not stand for the next, for the app may have answered before that was asked")
    func notMergedInFlight() {
        var machine = DeliveryMachine()
        machine.take(.refresh)
        machine.send()
        for _ in 1...5 { machine.take(.refresh) }
        #expect(machine.depth == 2)
        #expect(machine.answered(limits: ConnectionLimits()).outline == "progress")
        #expect(machine.hasBatch)
        #expect(machine.send() == [2])
    }

    @Test("Nor does one that waits for its repetition")
    func notMergedWaiting() {
        var machine = DeliveryMachine()
        machine.take(.refresh)
        machine.send()
        machine.fail(.unreachable("refused"))
        for _ in 1...5 { machine.take(.refresh) }
        #expect(machine.depth == 2)
        #expect(machine.send() == [1])
    }

    @Test("While all is held until the end is known, one call waits too")
    func held() {
        var machine = DeliveryMachineGridTests.Place.heldEmpty.machine
        for _ in 1...5 { #expect(machine.take(.refresh) == .taken) }
        #expect(machine.depth == 1)
        #expect(!machine.hasBatch)
    }

    @Test("An app that is gone is not called", arguments: [DeliveryMachineGridTests.Place.ended, .farewell, .ending, .finished])
    func gone(_ place: DeliveryMachineGridTests.Place) {
        var machine = place.machine
        let depth = machine.depth
        #expect(machine.take(.refresh) == .gone)
        #expect(machine.depth == depth)
    }

    @Test("A call counts as an event of the queue, and has no bytes")
    func limits() {
        let limits = ConnectionLimits(queueEvents: 2, queueBytes: 1)
        var machine = DeliveryMachine()
        #expect(machine.take(.refresh, limits: limits) == .taken)
        machine.send()
        #expect(machine.take(.refresh, limits: limits) == .takenNowFull)
        #expect(machine.take(.refresh, limits: limits) == .taken, "it is there already")
        #expect(machine.answered(limits: limits).relieved)
    }

    @Test("A failed call is repeated like any other, and is given up like any other")
    func fails() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1), isRepeatable: false)
        var machine = DeliveryMachine()
        machine.take(.refresh)
        machine.send()
        #expect(machine.fail(.stale, rules: rules) == .retryNow)
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "retry 0.5")
        machine.send()
        #expect(machine.fail(.status(500), rules: rules).outline == "close 1")
    }

    // MARK: Refresh, and an app that has taken a part

    @Test("A call offers what was left again")
    func offersAgain() {
        var machine = DeliveryMachine()
        machine.take(.message(.sample("ab")))
        machine.send()
        machine.took(1)
        machine.take(.refresh)
        #expect(machine.hasBatch)
        #expect(machine.replayedBytes == 1)
        #expect(machine.send() == [1, 2])
        machine.took(1)
        #expect(machine.isIdle)
    }

    @Test("However often the app is called and takes nothing, the next call comes, and nothing piles up")
    func nothingPilesUp() {
        let limits = ConnectionLimits(queueEvents: 4)
        var machine = DeliveryMachine()
        machine.take(.message(.sample("ab")), limits: limits)
        machine.send()
        machine.took(1, limits: limits)
        for call in 1...100 {
            #expect(machine.take(.refresh, limits: limits) == .taken, "call \(call)")
            guard machine.hasBatch else {
                Issue.record("call \(call) is not made")
                return
            }
            machine.send()
            #expect(machine.replayedBytes == 1)
            #expect(machine.canTake(0), "call \(call)")
            #expect(!machine.took(0, limits: limits).isFinished)
            #expect(machine.depth <= 2)
        }
        machine.take(.message(.sample("c")), limits: limits)
        let batch = machine.next(batches: true)?.map(\.event).filter { $0 != .refresh }
        #expect(batch == [.message(.sample("b")), .message(.sample("c"))])
    }

    // MARK: Openings in doubt

    private static var postponed: DeliveryMachine {
        var machine = DeliveryMachine()
        machine.take(.open(.sample()))
        machine.send()
        machine.postponed()
        return machine
    }

    @Test("An opening in doubt is sent again when it is time, alone")
    func postponed() {
        var machine = Self.postponed
        #expect(machine.isPostponed)
        #expect(!machine.hasBatch && machine.batchInFlight == nil && !machine.isFinished && !machine.isIdle)
        machine.take(.message(.sample("early")))
        machine.take(.refresh)
        #expect(machine.isPostponed)
        #expect(machine.send() == [1])
        #expect(!machine.isPostponed)
        _ = machine.answered(limits: ConnectionLimits())
        #expect(machine.send() == [2, 3])
    }

    @Test("However often the app postpones, its attempts are counted anew each time")
    func againAndAgain() {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1), isRepeatable: false)
        var machine = Self.postponed
        for _ in 1...100 {
            #expect(machine.isPostponed && machine.depth == 1)
            #expect(machine.send() == [1])
            machine.postponed()
        }
        machine.send()
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "retry 0.5")
        #expect(!machine.isPostponed, "this is a failure")
        machine.send()
        machine.postponed()
        #expect(machine.isPostponed)
        machine.send()
        #expect(machine.fail(.unreachable("refused"), rules: rules).outline == "retry 0.5")
        machine.send()
        #expect(machine.fail(.unreachable("refused"), rules: rules) == .refuse)
    }

    @Test("An app that fails when it is asked again may or may not believe in a connection", arguments: [true, false])
    func failsAfterwards(_ mayHaveAccepted: Bool) {
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 0), isRepeatable: false)
        var machine = Self.postponed
        machine.send()
        #expect(machine.fail(mayHaveAccepted ? .timeout(.seconds(1)) : .status(500), rules: rules) == (mayHaveAccepted ? .refuseAndTell : .refuse))
        #expect(!machine.isPostponed)
    }

    @Test("Only an opening that was postponed is postponed", arguments: DeliveryMachineGridTests.Place.allCases)
    func isPostponed(_ place: DeliveryMachineGridTests.Place) {
        #expect(place.machine.isPostponed == (place == .postponed))
    }
}
