// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct RetryScheduleTests {
    @Test(
        "The pause begins at half a second, trebles, and stays at ten",
        arguments: [(1, 500), (2, 1500), (3, 4500), (4, 10_000), (5, 10_000), (1000, 10_000)])
    func schedule(_ attempt: Int, _ milliseconds: Int) {
        #expect(RetrySchedule.delay(after: attempt, jitter: 0.5) == .milliseconds(milliseconds))
    }

    @Test("Jitter gives or takes a fifth", arguments: 1...6)
    func jitter(_ attempt: Int) {
        let middle = RetrySchedule.delay(after: attempt, jitter: 0.5)
        #expect(RetrySchedule.delay(after: attempt, jitter: 0) == middle * 0.8)
        #expect(RetrySchedule.delay(after: attempt, jitter: 1) == middle * 1.2)
        var generator = QuickRandom(seed: UInt64(attempt))
        for _ in 0..<100 {
            let delay = RetrySchedule.delay(after: attempt, jitter: Double.random(in: 0..<1, using: &generator))
            #expect(delay >= middle * 0.8 && delay < middle * 1.2)
        }
    }

    @Test("Numbers that count no attempt are taken for the first", arguments: [0, -1, Int.min])
    func noAttempt(_ attempt: Int) {
        #expect(RetrySchedule.delay(after: attempt, jitter: 0.5) == .milliseconds(500))
    }
}
