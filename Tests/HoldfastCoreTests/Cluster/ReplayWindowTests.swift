// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastCore

@Suite struct ReplayWindowTests {
    @Test("What comes in order is next, what comes twice is repeated")
    func order() {
        var window = ReplayWindow(first: 5)
        #expect(window.take(5) == .repeated)
        #expect(window.take(4) == .repeated)
        #expect(window.take(6) == .next)
        #expect(window.take(9) == .next)
        #expect(window.take(7) == .late)
        #expect(window.take(7) == .repeated)
        #expect(window.take(9) == .repeated)
        #expect(window.take(8) == .late)
        #expect(window.take(10) == .next)
    }

    @Test("What is older than the window is a repetition for all that is known")
    func old() {
        var window = ReplayWindow(first: 1)
        #expect(window.take(100_000) == .next)
        #expect(window.take(100_000 - ReplayWindow.span + 1) == .late)
        #expect(window.take(100_000 - ReplayWindow.span) == .repeated)
        #expect(window.take(.max) == .next)
        #expect(window.take(.max) == .repeated)
        #expect(window.take(.max - 1) == .late)
    }

    @Test("It agrees with a list of all that came", arguments: 0..<20)
    func model(seed: UInt64) {
        var random = QuickRandom(seed: seed)
        var window = ReplayWindow(first: 1_000_000)
        var seen: Set<UInt64> = [1_000_000]
        var highest: UInt64 = 1_000_000
        for _ in 0..<5_000 {
            let reach = [2, 100, 3_000, 20_000][Int.random(in: 0..<4, using: &random)]
            let number = highest + 3 - UInt64(Int.random(in: 0...reach, using: &random)) + (random.oneIn(200) ? UInt64(reach) * 2 : 0)
            let expected: ReplayWindow.Arrival
            if number > highest {
                expected = .next
            } else if number <= 1_000_000 || highest - number >= ReplayWindow.span || seen.contains(number) {
                expected = .repeated
            } else {
                expected = .late
            }
            #expect(window.take(number) == expected)
            if expected != .repeated { seen.insert(number) }
            highest = max(highest, number)
        }
    }
}
