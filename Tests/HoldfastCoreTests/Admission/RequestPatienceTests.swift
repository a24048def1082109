// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@Suite struct RequestPatienceTests {
    private static func time(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test(
        arguments: [
            // Heard at 10, with patience of 60.
            (false, false, 10, .askAgain(after: .seconds(60))), (false, false, 69, .askAgain(after: .seconds(1))), (false, false, 70, .giveUp),
            (true, false, 69, .askAgain(after: .seconds(1))), (true, false, 70, .giveUp), (true, true, 70, .giveUp), (true, true, 100, .giveUp),
            (false, true, 69, .askAgain(after: .seconds(60))), (false, true, 70, .askAgain(after: .seconds(60))),
            (false, true, 1000, .askAgain(after: .seconds(60))),
        ] as [(Bool, Bool, Int64, RequestPatience.Order)])
    func orders(_ isReading: Bool, _ isAnswering: Bool, _ seconds: Int64, _ order: RequestPatience.Order) {
        var patience = RequestPatience(limit: .seconds(60), at: Self.time(0))
        patience.heard(at: Self.time(10))
        #expect(patience.order(isReading: isReading, isAnswering: isAnswering, at: Self.time(seconds)) == order)
    }

    @Test func aClientThatNeverSaysAnything() {
        let patience = RequestPatience(limit: .seconds(60), at: Self.time(5))
        #expect(patience.order(isReading: false, isAnswering: false, at: Self.time(64)) == .askAgain(after: .seconds(1)))
        #expect(patience.order(isReading: false, isAnswering: false, at: Self.time(65)) == .giveUp)
    }
}
