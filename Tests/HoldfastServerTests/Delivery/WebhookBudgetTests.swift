// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import HoldfastServer

@Suite struct WebhookBudgetTests {
    @Test func neverGivesMorePlacesThanTheLimit() {
        let budget = WebhookBudget(limit: 3, openingLimit: 0, loopCount: 2)
        #expect((0..<5).map { _ in budget.acquire() } == [true, true, true, false, false])
        budget.release()
        #expect(budget.acquire())
        #expect(!budget.acquire())
    }

    @Test func openingsMayWaitUpToTheirOwnLimit() {
        let budget = WebhookBudget(limit: 1, openingLimit: 1, loopCount: 2)
        #expect(budget.takesOpenings)
        _ = budget.acquire()
        #expect(budget.takesOpenings)
        budget.openingQueued()
        #expect(!budget.takesOpenings)
        budget.openingLeft()
        #expect(budget.takesOpenings)
    }

    @Test func openingsThatWaitForTheirPoolToGrowCountAsIfTheyHadAPlace() {
        let budget = WebhookBudget(limit: 3, openingLimit: 1, loopCount: 1)
        _ = budget.acquire()
        for _ in 0..<3 {
            #expect(budget.takesOpenings)
            budget.openingQueued()
        }
        #expect(!budget.takesOpenings)
        budget.release()
        #expect(budget.takesOpenings)
    }

    @Test func aWaitingLoopIsWokenOnce() {
        let budget = WebhookBudget(limit: 2, openingLimit: 0, loopCount: 2)
        let woken = Atomic<Int>(0)
        withExtendedLifetime(woken) {
            budget.wait(loop: 1) { woken.add(1, ordering: .relaxed) }
            #expect(!budget.shouldYield(inFlight: 0), "below its fair share a loop serves itself")
            #expect(budget.shouldYield(inFlight: 1))
            budget.wakeOthers()
            budget.wakeOthers()
            #expect(woken.load(ordering: .relaxed) == 1)
            #expect(!budget.shouldYield(inFlight: 1))
        }
    }
}
