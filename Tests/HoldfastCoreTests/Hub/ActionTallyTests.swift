// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ActionTallyTests {
    @Test("Deliveries of several loops are summed, each action for itself")
    func sums() {
        var tally = ActionTally(count: 2)
        tally.add(.done(delivered: 1), at: 0)
        tally.add(.done(delivered: 0), at: 1)
        tally.add(.done(delivered: 2), at: 0)
        #expect(tally.results == [.done(delivered: 3), .done(delivered: 0)])
    }

    @Test("What nobody reported was not found")
    func unreported() {
        var tally = ActionTally(count: 3)
        tally.add(.duplicate, at: 1)
        #expect(tally.results == [.notFound, .duplicate, .notFound])
        #expect(ActionTally(count: 0).results.isEmpty)
    }

    @Test(
        "Anything but a delivery stands as first said",
        arguments: [.duplicate, .full, .refused("too many channels"), .unreachable, .notFound] as [ActionResult])
    func firstWordStands(_ result: ActionResult) {
        var tally = ActionTally(count: 1)
        tally.add(result, at: 0)
        tally.add(.done(delivered: 1), at: 0)
        tally.add(.full, at: 0)
        #expect(tally.results == [result])
    }

    @Test("A delivery stands against what another loop says later")
    func deliveryStands() {
        var tally = ActionTally(count: 1)
        tally.add(.done(delivered: 1), at: 0)
        tally.add(.notFound, at: 0)
        tally.add(.done(delivered: 1), at: 0)
        #expect(tally.results == [.done(delivered: 2)])
    }
}
