// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct DeadlineWheelTests {
    private static let start = MonotonicTime.after(.seconds(1000))

    private func wheel(slots: Int = 8) -> DeadlineWheel<String> {
        DeadlineWheel(tick: .milliseconds(100), slotCount: slots, now: Self.start)
    }

    @Test("A reminder comes at its time, at most one tick later, and once")
    func onTime() {
        var wheel = wheel()
        wheel.remind("a", at: Self.start + .milliseconds(250))
        #expect(wheel.due(at: Self.start + .milliseconds(200)) == [])
        #expect(wheel.due(at: Self.start + .milliseconds(249)) == [])
        #expect(wheel.due(at: Self.start + .milliseconds(300)) == ["a"])
        #expect(wheel.due(at: Self.start + .milliseconds(400)) == [])
    }

    @Test("A reminder that is due already comes with the next tick", arguments: [0, -1, -100_000])
    func past(_ milliseconds: Int) {
        var wheel = wheel()
        wheel.remind("a", at: Self.start + .milliseconds(milliseconds))
        #expect(wheel.due(at: Self.start) == [], "not before whoever asked has finished its turn")
        #expect(wheel.due(at: Self.start + .milliseconds(100)) == ["a"])
    }

    @Test("A reminder beyond the ring's horizon waits its turns", arguments: [700, 800, 900, 5000, 86_400_000])
    func far(_ milliseconds: Int) {
        var wheel = wheel()
        wheel.remind("a", at: Self.start + .milliseconds(milliseconds))
        var now = Self.start
        var came: Duration?
        // In steps of a whole ring: the fewest looks that the wheel is promised.
        while came == nil, now.since(Self.start) < .milliseconds(milliseconds) + .seconds(1) {
            now = now + .milliseconds(700)
            if wheel.due(at: now) == ["a"] { came = now.since(Self.start) }
        }
        #expect(came.map { $0 >= .milliseconds(milliseconds) && $0 < .milliseconds(milliseconds + 800) } == true)
    }

    @Test("After a pause longer than the ring, everything due comes at once and nothing twice")
    func longPause() {
        var wheel = wheel()
        for milliseconds in stride(from: 0, through: 3000, by: 50) { wheel.remind("\(milliseconds)", at: Self.start + .milliseconds(milliseconds)) }
        let first = wheel.due(at: Self.start + .milliseconds(2000))
        #expect(Set(first) == Set(stride(from: 0, through: 2000, by: 50).map { "\($0)" }))
        #expect(first.count == 41)
        let second = wheel.due(at: Self.start + .seconds(1_000_000))
        #expect(second.count == 20)
        #expect(wheel.due(at: Self.start + .seconds(2_000_000)) == [])
    }

    @Test("One member may have several reminders")
    func several() {
        var wheel = wheel()
        for _ in 1...3 { wheel.remind("a", at: Self.start + .milliseconds(100)) }
        #expect(wheel.due(at: Self.start + .milliseconds(100)) == ["a", "a", "a"])
    }

    @Test("A clock that stands still or goes back hands nothing out and loses nothing")
    func standstill() {
        var wheel = wheel()
        wheel.remind("a", at: Self.start + .milliseconds(100))
        #expect(wheel.due(at: Self.start) == [])
        #expect(wheel.due(at: .after(.zero)) == [])
        #expect(wheel.due(at: Self.start + .milliseconds(100)) == ["a"])
    }

    @Test("At random it hands out what a plain list does: never early, never more than a tick late, each once", arguments: 0..<200)
    func model(_ seed: UInt64) {
        struct Entry {
            let number: Int
            let at: MonotonicTime
            /// The number of the tick that was swept when it was asked for.
            let asked: Int64
        }
        var generator = QuickRandom(seed: seed)
        let tick = Int64.random(in: 1...50, using: &generator)
        let slots = Int.random(in: 2...20, using: &generator)
        var now = MonotonicTime(nanoseconds: Int64.random(in: 0...1000, using: &generator))
        var wheel = DeadlineWheel<Int>(tick: .nanoseconds(tick), slotCount: slots, now: now)
        var list: [Entry] = []
        var swept = now.nanoseconds / tick
        for number in 0..<600 {
            if !generator.oneIn(3) {
                // Mostly near, some in the past, some far beyond the ring.
                let reach = generator.oneIn(10) ? tick * Int64(slots) * 20 : tick * Int64(slots)
                let at = MonotonicTime(nanoseconds: max(0, now.nanoseconds + Int64.random(in: -tick...reach, using: &generator)))
                wheel.remind(number, at: at)
                list.append(Entry(number: number, at: at, asked: swept))
            } else {
                // Mostly a tick or two, sometimes a pause of many rings.
                let pause = generator.oneIn(15) ? tick * Int64(slots) * 5 : tick * 2
                now = now + .nanoseconds(Int64.random(in: 0...pause, using: &generator))
                let came = wheel.due(at: now)
                swept = max(swept, now.nanoseconds / tick)
                #expect(Set(came).count == came.count)
                for number in came {
                    let entry = list.first { $0.number == number }
                    #expect(entry.map { $0.at <= now } == true, "never early, and once")
                }
                list.removeAll { entry in came.contains(entry.number) }
                for entry in list {
                    let due = max((entry.at.nanoseconds + tick - 1) / tick, entry.asked + 1)
                    #expect(due > swept, "never more than a tick late")
                }
            }
        }
        let rest = wheel.due(at: now + .nanoseconds(tick * Int64(slots) * 1000))
        #expect(rest.sorted() == list.map(\.number))
    }
}
