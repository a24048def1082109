// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@Suite struct LogGateTests {
    @Test("One line in an interval goes through, and says how many were held back")
    func oneLine() {
        var gate = LogGate(every: .seconds(60))
        #expect(gate.pass(at: at(0)) == 0)
        #expect(gate.pass(at: at(1)) == nil)
        #expect(gate.pass(at: at(59)) == nil)
        #expect(gate.pass(at: at(60)) == 2)
        #expect(gate.pass(at: at(119)) == nil)
        #expect(gate.pass(at: at(121)) == 1)
        #expect(gate.pass(at: at(1000)) == 0)
    }

    @Test("Ten lines a second: the eleventh waits for the next second")
    func tenLines() {
        var gate = LogGate(lines: 10, every: .seconds(1))
        #expect((0..<12).map { _ in gate.pass(at: at(5)) } == Array(repeating: 0, count: 10) + [nil, nil])
        #expect((0..<11).map { _ in gate.pass(at: at(6)) } == [2] + Array(repeating: 0, count: 9) + [nil])
    }

    @Test("A line may be about several things, which are counted one by one")
    func severalThings() {
        var gate = LogGate(every: .seconds(60))
        #expect(gate.pass(5, at: at(0)) == 0)
        #expect(gate.pass(3, at: at(1)) == nil)
        #expect(gate.pass(4, at: at(2)) == nil)
        #expect(gate.pass(2, at: at(60)) == 7)
    }

    private func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
}
