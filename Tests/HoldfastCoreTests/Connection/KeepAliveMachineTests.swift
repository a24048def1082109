// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

// The grid: a ping is due after 25 s of silence, a pong 20 s later; idle after 100 s, too old after 1000 s. The connection was opened at 0 s and
// nothing was heard since; awaitingPong has sent its ping at 25 s. A dash: nothing is ordered.
//
// | event                 | listening                         | awaitingPong        | ended |
// |-----------------------|-----------------------------------|---------------------|-------|
// | heard at 30 s         | –                                 | –, listening        | –     |
// | messagePassed at 30 s | –                                 | –                   | –     |
// | ended                 | –, ended                          | –, ended            | –     |
// | timer at 24 s         | check at 25 s                     | check at 45 s       | none  |
// | timer at 25 s         | ping, check at 45 s, awaitingPong | check at 45 s       | none  |
// | timer at 45 s         | ping, check at 65 s, awaitingPong | end silent, ended   | none  |
// | timer at 100 s        | end idle, ended                   | end idle, ended     | none  |
// | timer at 1000 s       | end lifetime, ended               | end lifetime, ended | none  |

struct KeepAliveMachineTests {
    enum Place: CaseIterable {
        case listening, awaitingPong, ended

        var machine: KeepAliveMachine {
            var machine = KeepAliveMachine(openedAt: .after(.zero))
            switch self {
            case .listening: break
            case .awaitingPong: _ = machine.timerFired(at: .after(.seconds(25)), policy: KeepAliveMachineTests.policy)
            case .ended: machine.ended()
            }
            return machine
        }

        /// Where a machine is, told by what it does much later.
        init(of machine: KeepAliveMachine) {
            var machine = machine
            switch machine.timerFired(at: .after(.seconds(100_000)), policy: KeepAlivePolicy()) {
            case .ping: self = .listening
            case .end: self = .awaitingPong
            case .check, .none: self = .ended
            }
        }
    }

    enum Happening: Hashable, CaseIterable {
        case heard, messagePassed, ended, early, pingDue, pongDue, idle, old

        func happen(to machine: inout KeepAliveMachine) -> KeepAliveMachine.Order? {
            switch self {
            case .heard: machine.heard(at: .after(.seconds(30)))
            case .messagePassed: machine.messagePassed(at: .after(.seconds(30)))
            case .ended: machine.ended()
            case .early: return machine.timerFired(at: .after(.seconds(24)), policy: KeepAliveMachineTests.policy)
            case .pingDue: return machine.timerFired(at: .after(.seconds(25)), policy: KeepAliveMachineTests.policy)
            case .pongDue: return machine.timerFired(at: .after(.seconds(45)), policy: KeepAliveMachineTests.policy)
            case .idle: return machine.timerFired(at: .after(.seconds(100)), policy: KeepAliveMachineTests.policy)
            case .old: return machine.timerFired(at: .after(.seconds(1000)), policy: KeepAliveMachineTests.policy)
            }
            return nil
        }
    }

    struct Row: CustomTestStringConvertible {
        let place: Place
        let happening: Happening
        let order: KeepAliveMachine.Order?
        let next: Place

        init(_ place: Place, _ happening: Happening, _ order: KeepAliveMachine.Order?, _ next: Place) {
            self.place = place
            self.happening = happening
            self.order = order
            self.next = next
        }

        var testDescription: String { "\(place) × \(happening)" }
    }

    fileprivate static let policy = KeepAlivePolicy(
        pingInterval: .seconds(25), pongTimeout: .seconds(20), idleTimeout: .seconds(100), maxLifetime: .seconds(1000))

    private static let grid: [Row] = [
        Row(.listening, .heard, nil, .listening),
        Row(.listening, .messagePassed, nil, .listening),
        Row(.listening, .ended, nil, .ended),
        Row(.listening, .early, .check(at: .after(.seconds(25))), .listening),
        Row(.listening, .pingDue, .ping(checkAt: .after(.seconds(45))), .awaitingPong),
        Row(.listening, .pongDue, .ping(checkAt: .after(.seconds(65))), .awaitingPong),
        Row(.listening, .idle, .end(.idle), .ended),
        Row(.listening, .old, .end(.lifetime), .ended),

        Row(.awaitingPong, .heard, nil, .listening),
        Row(.awaitingPong, .messagePassed, nil, .awaitingPong),
        Row(.awaitingPong, .ended, nil, .ended),
        Row(.awaitingPong, .early, .check(at: .after(.seconds(45))), .awaitingPong),
        Row(.awaitingPong, .pingDue, .check(at: .after(.seconds(45))), .awaitingPong),
        Row(.awaitingPong, .pongDue, .end(.silent), .ended),
        Row(.awaitingPong, .idle, .end(.idle), .ended),
        Row(.awaitingPong, .old, .end(.lifetime), .ended),

        Row(.ended, .heard, nil, .ended),
        Row(.ended, .messagePassed, nil, .ended),
        Row(.ended, .ended, nil, .ended),
        Row(.ended, .early, KeepAliveMachine.Order.none, .ended),
        Row(.ended, .pingDue, KeepAliveMachine.Order.none, .ended),
        Row(.ended, .pongDue, KeepAliveMachine.Order.none, .ended),
        Row(.ended, .idle, KeepAliveMachine.Order.none, .ended),
        Row(.ended, .old, KeepAliveMachine.Order.none, .ended),
    ]

    @Test("Each event in each state orders what the grid says", arguments: grid)
    func play(_ row: Row) {
        var machine = row.place.machine
        #expect(Place(of: machine) == row.place)
        let order = row.happening.happen(to: &machine)
        #expect(order == row.order)
        #expect(Place(of: machine) == row.next)
    }

    @Test("The grid has every pair once")
    func gridIsWhole() {
        let pairs = Set(Self.grid.map(\.testDescription))
        #expect(pairs.count == Self.grid.count)
        #expect(pairs.count == Place.allCases.count * Happening.allCases.count)
    }

    @Test("Whatever comes from the peer counts as an answer, and puts the next ping off")
    func answer() {
        var machine = Place.awaitingPong.machine
        machine.heard(at: .after(.seconds(44)))
        let order = machine.timerFired(at: .after(.seconds(45)), policy: Self.policy)
        #expect(order == .check(at: .after(.seconds(69))))
    }

    @Test("A message puts idleness off, not silence")
    func message() {
        var machine = Place.listening.machine
        machine.messagePassed(at: .after(.seconds(99)))
        let first = machine.timerFired(at: .after(.seconds(100)), policy: Self.policy)
        #expect(first == .ping(checkAt: .after(.seconds(120))))
        let second = machine.timerFired(at: .after(.seconds(120)), policy: Self.policy)
        #expect(second == .end(.silent))
    }

    @Test("A ping is looked after no later than idleness or age come due")
    func earliestCheck() {
        var machine = KeepAliveMachine(openedAt: .after(.zero))
        let policy = KeepAlivePolicy(pingInterval: .seconds(25), pongTimeout: .seconds(20), idleTimeout: .seconds(30), maxLifetime: .seconds(40))
        #expect(machine.timerFired(at: .after(.seconds(25)), policy: policy) == .ping(checkAt: .after(.seconds(30))))
        machine.messagePassed(at: .after(.seconds(29)))
        #expect(machine.timerFired(at: .after(.seconds(30)), policy: policy) == .check(at: .after(.seconds(40))))
        #expect(machine.timerFired(at: .after(.seconds(40)), policy: policy) == .end(.lifetime))
    }

    @Test("A rule that is off never ends a connection")
    func rulesOff() {
        let late = MonotonicTime.after(.seconds(1_000_000))
        var machine = KeepAliveMachine(openedAt: .after(.zero))
        #expect(machine.timerFired(at: late, policy: KeepAlivePolicy(pingInterval: nil)) == .none)
        #expect(
            machine.timerFired(at: .after(.seconds(1)), policy: KeepAlivePolicy(pingInterval: nil, idleTimeout: .seconds(5)))
                == .check(at: .after(.seconds(5))))
        #expect(
            machine.timerFired(at: .after(.seconds(1)), policy: KeepAlivePolicy(pingInterval: nil, maxLifetime: .seconds(9)))
                == .check(at: .after(.seconds(9))))
    }

    @Test("By default there is a ping after 25 s and no other rule")
    func defaults() {
        let policy = KeepAlivePolicy()
        #expect(policy == KeepAlivePolicy(pingInterval: .seconds(25), pongTimeout: .seconds(20), idleTimeout: nil, maxLifetime: nil))
    }

    @Test("Whoever comes back when told to comes back later each time, and a connection with a rule has one end", arguments: 0..<200)
    func alwaysForward(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        func duration() -> Duration { .milliseconds(Int.random(in: 1...5000, using: &generator)) }
        let policy = KeepAlivePolicy(
            pingInterval: generator.oneIn(4) ? nil : duration(), pongTimeout: duration(), idleTimeout: generator.oneIn(2) ? nil : duration(),
            maxLifetime: .seconds(60))
        var now = MonotonicTime.after(.seconds(5))
        var machine = KeepAliveMachine(openedAt: now)
        var unanswered: MonotonicTime?
        for _ in 0..<100_000 {
            switch machine.timerFired(at: now, policy: policy) {
            case .check(let next):
                #expect(next > now)
                now = next
            case .ping(let next):
                #expect(next > now)
                #expect(unanswered == nil, "one ping at a time")
                unanswered = now
                now = next
            case .end(let cause):
                if cause == .silent { #expect(unanswered.map { now.since($0) >= policy.pongTimeout } == true) }
                #expect(machine.timerFired(at: now, policy: policy) == .none)
                return
            case .none:
                Issue.record("a connection with a maximum lifetime is always looked after")
                return
            }
            if generator.oneIn(2) {
                machine.heard(at: now)
                unanswered = nil
            }
            if generator.oneIn(3) { machine.messagePassed(at: now) }
        }
        Issue.record("no end")
    }

    @Test("A message that is told of late does not make the connection look idle for longer")
    func toldLate() {
        var machine = KeepAliveMachine(openedAt: .after(.zero))
        let policy = KeepAlivePolicy(pingInterval: nil, idleTimeout: .seconds(100))
        machine.messagePassed(at: .after(.seconds(50)))
        machine.messagePassed(at: .after(.seconds(20)))
        #expect(machine.timerFired(at: .after(.seconds(100)), policy: policy) == .check(at: .after(.seconds(150))))
        #expect(machine.timerFired(at: .after(.seconds(150)), policy: policy) == .end(.idle))
    }
}
