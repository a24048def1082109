// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ReadinessTests {
    private func readiness(
        draining: Bool = false, open: Bool = true, absence: Duration? = nil, readyWithoutBroker: Bool = true
    ) -> Readiness {
        var cluster = ClusterSettings()
        cluster.readyWithoutBroker = readyWithoutBroker
        return Readiness(isDraining: draining, isOpen: open, absence: absence, cluster: cluster)
    }

    @Test("A node that has joined is ready, one that has not or that drains is not")
    func life() {
        #expect(readiness() == .ready)
        #expect(readiness(open: false) == .starting)
        #expect(readiness(draining: true) == .draining)
        #expect(readiness(draining: true, open: false) == .draining)
    }

    @Test("A broker that is away counts where it is to, and after a while")
    func broker() {
        #expect(readiness(absence: .seconds(3600)) == .ready)
        #expect(readiness(absence: .seconds(5), readyWithoutBroker: false) == .ready)
        #expect(readiness(absence: .milliseconds(5001), readyWithoutBroker: false) == .noBroker)
        #expect(readiness(open: false, absence: .milliseconds(1), readyWithoutBroker: false) == .starting)
        #expect(Readiness.noBroker.rawValue == "no broker")
    }
}
