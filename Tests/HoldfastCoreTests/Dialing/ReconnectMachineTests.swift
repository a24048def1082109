// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

// The grid: the first wait is 1 s, the longest 8 s, the third failure in a row the end; 10 s up is success. Jitter stands in the middle. trying is the
// first attempt; up is since 0 s; waiting after one failure, until 1 s; over by our own wish.
//
// | event          | trying           | up                 | waiting        | over |
// |----------------|------------------|--------------------|----------------|------|
// | opened at 5 s  | –, up            | –                  | –              | –    |
// | failed at 5 s  | wait 1 s         | –                  | –              | –    |
// | lost at 5 s    | –                | wait 1 s, waiting  | –              | –    |
// | waited at 0.9 s| no               | no                 | no             | no   |
// | waited at 1 s  | no               | no                 | yes, trying    | no   |
// | ended          | over             | over               | over           | –    |

struct ReconnectMachineTests {
    private static let policy = ReconnectPolicy(firstDelay: .seconds(1), maxDelay: .seconds(8), maxFailures: 3, settledAfter: .seconds(10))

    enum Place: CaseIterable {
        case trying, up, waiting, over

        var machine: ReconnectMachine {
            var machine = ReconnectMachine(policy: ReconnectMachineTests.policy)
            switch self {
            case .trying: break
            case .up: machine.opened(at: .after(.zero))
            case .waiting: _ = machine.failed(at: .after(.zero), jitter: 0.5)
            case .over: machine.ended()
            }
            return machine
        }

        /// Where a machine is, told by what it does next.
        init(of machine: ReconnectMachine) {
            var machine = machine
            if machine.isOver {
                self = .over
            } else if machine.isTrying {
                self = .trying
            } else {
                self = machine.waited(at: .after(.seconds(100_000))) ? .waiting : .up
            }
        }
    }

    enum Happening: CaseIterable {
        case opened, failed, lost, early, due, ended
    }

    /// What came of an event: the order that it gave, if it gives one, and whether to dial now.
    enum Came: Equatable {
        case nothing
        case order(ReconnectMachine.Order)
        case dial(Bool)
    }

    private static func happen(_ happening: Happening, to machine: inout ReconnectMachine) -> Came {
        switch happening {
        case .opened: machine.opened(at: .after(.seconds(5)))
        case .failed: return .order(machine.failed(at: .after(.seconds(5)), jitter: 0.5))
        case .lost: return .order(machine.lost(at: .after(.seconds(5)), jitter: 0.5))
        case .early: return .dial(machine.waited(at: .after(.milliseconds(900))))
        case .due: return .dial(machine.waited(at: .after(.seconds(1))))
        case .ended: machine.ended()
        }
        return .nothing
    }

    @Test("Each event in each state does what the grid says", arguments: Place.allCases, Happening.allCases)
    func grid(_ place: Place, _ happening: Happening) {
        var machine = place.machine
        let came = Self.happen(happening, to: &machine)
        let expected: (Came, Place) =
            switch (place, happening) {
            case (_, .ended): (.nothing, .over)
            case (.trying, .opened): (.nothing, .up)
            case (.trying, .failed), (.up, .lost): (.order(.wait(.seconds(1))), .waiting)
            case (.waiting, .due): (.dial(true), .trying)
            case (_, .opened): (.nothing, place)
            case (_, .failed), (_, .lost): (.order(.none), place)
            case (_, .early), (_, .due): (.dial(false), place)
            }
        #expect(came == expected.0)
        #expect(Place(of: machine) == expected.1)
        if came == .order(.none) || came == .dial(false) { #expect(machine == place.machine, "nothing has changed") }
    }

    @Test("The waits double up to the longest, and stay there")
    func doubling() {
        var machine = ReconnectMachine(policy: ReconnectPolicy())
        var now = MonotonicTime.after(.zero)
        for (index, seconds) in [1, 2, 4, 8, 16, 32, 60, 60, 60].enumerated() {
            let order = machine.failed(at: now, jitter: 0.5)
            #expect(order == .wait(.seconds(seconds)))
            #expect(machine.failures == index + 1)
            now = now + .seconds(seconds)
            let dials = machine.waited(at: now)
            #expect(dials)
        }
    }

    @Test("Jitter gives or takes a fifth", arguments: [(0, 0.8), (0.25, 0.9), (0.5, 1), (0.75, 1.1), (1, 1.2)])
    func jitter(_ jitter: Double, _ factor: Double) {
        for (first, longest) in [(1, 60), (60, 60), (100, 60)] {
            var machine = ReconnectMachine(policy: ReconnectPolicy(firstDelay: .seconds(first), maxDelay: .seconds(longest)))
            guard case .wait(let delay) = machine.failed(at: .after(.zero), jitter: jitter) else {
                Issue.record("gave up")
                return
            }
            let off = delay - .seconds(min(first, longest)) * factor
            #expect(off < .microseconds(1) && off > .microseconds(-1))
        }
    }

    @Test("The last failure that the policy allows is the end", arguments: [1, 2, 3, 10])
    func giveUp(_ most: Int) {
        var machine = ReconnectMachine(policy: ReconnectPolicy(maxFailures: most))
        for _ in 1..<most {
            guard case .wait(let delay) = machine.failed(at: .after(.zero), jitter: 0) else {
                Issue.record("gave up early")
                return
            }
            let dials = machine.waited(at: .after(delay))
            #expect(dials)
        }
        let order = machine.failed(at: .after(.zero), jitter: 0)
        #expect(order == .giveUp)
        #expect(machine.isOver)
        #expect(machine.failures == most)
        let dials = machine.waited(at: .after(.seconds(1_000_000)))
        #expect(!dials, "there is nothing to wait for")
    }

    @Test("Who was to be had once is not dialled again, lost or never had")
    func once() {
        var machine = ReconnectMachine(policy: nil)
        let order = machine.failed(at: .after(.zero), jitter: 0)
        #expect(order == .giveUp)
        machine = ReconnectMachine(policy: nil)
        machine.opened(at: .after(.zero))
        let orderAtLoss = machine.lost(at: .after(.seconds(1000)), jitter: 0)
        #expect(orderAtLoss == .giveUp)
        #expect(machine.isOver)
    }

    @Test("A loss counts as the first failure only after the connection has settled", arguments: [(9_999, 3), (10_000, 1), (100_000, 1)])
    func settling(_ milliseconds: Int, _ failures: Int) {
        var machine = ReconnectMachine(policy: ReconnectPolicy())
        for seconds in [1, 2] {
            let order = machine.failed(at: .after(.zero), jitter: 0.5)
            #expect(order == .wait(.seconds(seconds)))
            let dials = machine.waited(at: .after(.seconds(seconds)))
            #expect(dials)
        }
        machine.opened(at: .after(.zero))
        #expect(machine.failures == 2, "being up for a moment is no success")
        let wait = machine.lost(at: .after(.milliseconds(milliseconds)), jitter: 0.5)
        #expect(machine.failures == failures)
        #expect(wait == .wait(.seconds(failures == 1 ? 1 : 4)))
    }

    @Test("A policy without a wait does not make the gateway dial without a pause", arguments: [(0, 0), (0, 60_000), (1, 0), (60_000, 0)])
    func shortest(_ first: Int, _ longest: Int) {
        let policy = ReconnectPolicy(firstDelay: .milliseconds(first), maxDelay: .milliseconds(longest))
        var machine = ReconnectMachine(policy: policy)
        for _ in 0..<100 {
            guard case .wait(let delay) = machine.failed(at: .after(.zero), jitter: 0) else {
                Issue.record("gave up")
                return
            }
            #expect(delay >= ReconnectMachine.shortestDelay)
            let dials = machine.waited(at: .after(delay))
            #expect(dials)
        }
    }

    @Test("Over is over, and waits are those of the policy, whatever happens", arguments: 0..<300 as Range<UInt64>)
    func property(_ seed: UInt64) {
        var random = QuickRandom(seed: seed)
        let most = random.oneIn(2) ? Int.random(in: 1...6, using: &random) : nil
        let policy = ReconnectPolicy(
            firstDelay: .milliseconds(Int.random(in: 0...2000, using: &random)), maxDelay: .milliseconds(Int.random(in: 0...20_000, using: &random)),
            maxFailures: most, settledAfter: .milliseconds(Int.random(in: 0...5000, using: &random)))
        var machine = ReconnectMachine(policy: random.oneIn(10) ? nil : policy)
        var now = MonotonicTime.after(.zero)
        var due: MonotonicTime?
        for _ in 0..<200 {
            now = now + .milliseconds(Int.random(in: 0...4000, using: &random))
            let (wasOver, wasTrying, failures) = (machine.isOver, machine.isTrying, machine.failures)
            var order: ReconnectMachine.Order?
            switch Int.random(in: 0..<40, using: &random) {
            case 0: machine.ended()
            case 1..<10: machine.opened(at: now)
            case 10..<20: order = machine.failed(at: now, jitter: Double.random(in: 0..<1, using: &random))
            case 20..<30: order = machine.lost(at: now, jitter: Double.random(in: 0..<1, using: &random))
            default:
                let isDue = due.map { now >= $0 } ?? false
                let dials = machine.waited(at: now)
                #expect(dials == (isDue && !wasOver))
                if isDue { due = nil }
            }
            if wasOver { #expect(machine.isOver && order ?? ReconnectMachine.Order.none == .none) }
            #expect(machine.failures <= failures + 1)
            if let most { #expect(machine.failures <= most) }
            if case .wait(let delay) = order {
                #expect(delay >= ReconnectMachine.shortestDelay && delay <= max(policy.maxDelay * 1.2, ReconnectMachine.shortestDelay))
                #expect(!machine.isTrying)
                due = now + delay
            }
            if wasTrying, case ReconnectMachine.Order.none? = order { #expect(machine.isTrying) }
        }
    }
}
