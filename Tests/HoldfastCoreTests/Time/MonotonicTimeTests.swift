// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct MonotonicTimeTests {
    @Test("Times are ordered, and their difference has a sign")
    func order() {
        let early = MonotonicTime.after(.seconds(1))
        let late = early + .milliseconds(500)
        #expect(early < late)
        #expect(late.since(early) == .milliseconds(500))
        #expect(early.since(late) == .milliseconds(-500))
        #expect(late.nanoseconds == 1_500_000_000)
    }

    @Test(
        "A duration is told in whole nanoseconds and in seconds",
        arguments: [
            (Duration.zero, 0, 0), (.nanoseconds(1), 1, 1e-9), (.milliseconds(-1500), -1_500_000_000, -1.5),
            (.seconds(86_400), 86_400_000_000_000, 86_400),
            (.nanoseconds(Int64.max), Int64.max, 9_223_372_036.854776),
        ])
    func duration(_ duration: Duration, _ nanoseconds: Int64, _ seconds: Double) {
        #expect(duration.inNanoseconds == nanoseconds)
        #expect(duration.inSeconds == seconds)
    }
}
