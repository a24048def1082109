// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

// The grid: what each event answers in each state, and the state that follows. Retries: 2. Failed webhooks close the connection.
// Two more states and four more events: DeliveryMachineGridTests+Partial.swift.
// "ready 2": two events wait. "in flight 1 of 2": one of two is on its way to the app. "waiting": for its repetition. "held": until the end is known.
//
// |             | message                  | end                      | endedUnheard             | next                      |
// |-------------|--------------------------|--------------------------|--------------------------|---------------------------|
// | idle        | taken → ready 1          | taken → ready 1          | true → finished          | – → idle                  |
// | ready       | taken → ready 2          | taken → ready 2          | false → ready 1          | [1] → in flight 1 of 1    |
// | opening     | taken → in flight 1 of 2 | taken → in flight 1 of 2 | false → in flight 1 of 1 | [1] → in flight 1 of 1    |
// | inFlight    | taken → in flight 1 of 3 | taken → in flight 1 of 3 | false → in flight 1 of 2 | [1] → in flight 1 of 2    |
// | lastAttempt | taken → in flight 1 of 3 | taken → in flight 1 of 3 | false → in flight 1 of 2 | [1] → in flight 1 of 2    |
// | waiting     | taken → waiting 1 of 3   | taken → waiting 1 of 3   | false → waiting 1 of 2   | [1] → in flight 1 of 2    |
// | held        | taken → held 3           | taken → held 3           | false → ready 2          | – → held 2                |
// | heldEmpty   | taken → held 1           | taken → held 1           | true → finished          | – → held 0                |
// | ended       | gone → in flight 1 of 3  | gone → in flight 1 of 3  | false → in flight 1 of 3 | [1] → in flight 1 of 3    |
// | farewell    | gone → in flight 2 of 2  | gone → in flight 2 of 2  | false → in flight 2 of 2 | [1, 2] → in flight 2 of 2 |
// | ending      | gone → in flight 1 of 1  | gone → in flight 1 of 1  | false → in flight 1 of 1 | [1] → in flight 1 of 1    |
// | finished    | gone → finished          | gone → finished          | true → finished          | – → finished              |
//
// |             | answered                     | unreachable                | timeout                    |
// |-------------|------------------------------|----------------------------|----------------------------|
// | idle        | progress → idle              | drop 0 → idle              | drop 0 → idle              |
// | ready       | progress → ready 1           | drop 0 → ready 1           | drop 0 → ready 1           |
// | opening     | progress → idle              | retry 0.5 → waiting 1 of 1 | retry 0.5 → waiting 1 of 1 |
// | inFlight    | progress → ready 1           | retry 0.5 → waiting 1 of 2 | retry 0.5 → waiting 1 of 2 |
// | lastAttempt | progress → ready 1           | close 0 → held 2           | close 1 → held 1           |
// | waiting     | progress → waiting 1 of 2    | drop 0 → waiting 1 of 2    | drop 0 → waiting 1 of 2    |
// | held        | progress → held 2            | drop 0 → held 2            | drop 0 → held 2            |
// | heldEmpty   | progress → held 0            | drop 0 → held 0            | drop 0 → held 0            |
// | ended       | progress → ready 2           | retry 0.5 → waiting 1 of 3 | retry 0.5 → waiting 1 of 3 |
// | farewell    | progress finished → finished | retry 0.5 → waiting 2 of 2 | retry 0.5 → waiting 2 of 2 |
// | ending      | progress finished → finished | retry 0.5 → waiting 1 of 1 | retry 0.5 → waiting 1 of 1 |
// | finished    | progress finished → finished | drop 0 finished → finished | drop 0 finished → finished |
//
// |             | notUnderstood              | stale                        | resumeAfterEnd       |
// |-------------|----------------------------|------------------------------|----------------------|
// | idle        | drop 0 → idle              | drop 0 → idle                | – → idle             |
// | ready       | drop 0 → ready 1           | drop 0 → ready 1             | – → ready 1          |
// | opening     | refuse and tell → idle     | retry now → in flight 1 of 1 | – → in flight 1 of 1 |
// | inFlight    | close 1 → held 1           | retry now → in flight 1 of 2 | – → in flight 1 of 2 |
// | lastAttempt | close 1 → held 1           | retry now → in flight 1 of 2 | – → in flight 1 of 2 |
// | waiting     | drop 0 → waiting 1 of 2    | drop 0 → waiting 1 of 2      | – → waiting 1 of 2   |
// | held        | drop 0 → held 2            | drop 0 → held 2              | – → ready 2          |
// | heldEmpty   | drop 0 → held 0            | drop 0 → held 0              | – → idle             |
// | ended       | drop 1 → ready 2           | retry now → in flight 1 of 3 | – → in flight 1 of 3 |
// | farewell    | abandon 0 → finished       | retry now → in flight 2 of 2 | – → in flight 2 of 2 |
// | ending      | abandon 0 → finished       | retry now → in flight 1 of 1 | – → in flight 1 of 1 |
// | finished    | drop 0 finished → finished | drop 0 finished → finished   | – → finished         |

struct DeliveryMachineGridTests {
    enum Place: CaseIterable {
        case idle, ready, opening, inFlight, lastAttempt, waiting, held, heldEmpty, ended, farewell, ending, finished
        /// Two bytes of a message were left by the app; an opening was postponed by it.
        case offered, postponed

        var machine: DeliveryMachine {
            var machine = DeliveryMachine()
            switch self {
            case .idle: break
            case .ready: machine.take(.message(.sample("1")))
            case .opening:
                machine.take(.open(.sample()))
                machine.send()
            case .inFlight:
                machine.take(.message(.sample("1")))
                machine.send()
                machine.take(.message(.sample("2")))
            case .lastAttempt:
                machine = Place.inFlight.machine
                for _ in 1...2 {
                    machine.fail(.unreachable("refused"))
                    machine.send()
                }
            case .waiting:
                machine = Place.inFlight.machine
                machine.fail(.timeout(.seconds(10)))
            case .held:
                machine = Place.lastAttempt.machine
                machine.fail(.unreachable("refused"))
            case .heldEmpty:
                machine.take(.message(.sample("1")))
                machine.send()
                machine.fail(.notUnderstood("no JSON"))
            case .ended:
                machine = Place.inFlight.machine
                machine.take(.end(.lost()))
            case .farewell:
                machine.take(.message(.sample("1")))
                machine.take(.end(.lost()))
                machine.send()
            case .ending:
                machine.take(.end(.lost()))
                machine.send()
            case .finished:
                machine = Place.ending.machine
                machine.fail(.notUnderstood("no JSON"))
            case .offered:
                machine.take(.message(.sample("123")))
                machine.send()
                machine.took(1)
            case .postponed:
                machine = Place.opening.machine
                machine.postponed()
            }
            return machine
        }
    }

    enum Happening: CaseIterable {
        case message, end, endedUnheard, next, answered, unreachable, timeout, notUnderstood, stale, resumeAfterEnd
        case refresh, tookNothing, tookAll, postponed

        func happen(to machine: inout DeliveryMachine) -> String {
            switch self {
            case .message: return "\(machine.occurred(.message(.sample("more")), at: .after(.seconds(1)), limits: ConnectionLimits()))"
            case .end: return "\(machine.occurred(.end(.lost()), at: .after(.seconds(1)), limits: ConnectionLimits()))"
            case .endedUnheard: return "\(machine.endedUnheard(at: .after(.seconds(1))))"
            case .next: return machine.next(batches: true).map { "\($0.map(\.seq))" } ?? "–"
            case .answered: return machine.answered(limits: ConnectionLimits()).outline
            case .unreachable: return machine.fail(.unreachable("refused")).outline
            case .timeout: return machine.fail(.timeout(.seconds(10))).outline
            case .notUnderstood: return machine.fail(.notUnderstood("no JSON")).outline
            case .stale: return machine.fail(.stale).outline
            case .resumeAfterEnd:
                machine.resumeAfterEnd()
                return "–"
            case .refresh: return "\(machine.occurred(.refresh, at: .after(.seconds(1)), limits: ConnectionLimits()))"
            case .tookNothing: return machine.took(0).outline
            case .tookAll: return machine.took(machine.batchInFlight?.reduce(0) { $0 + $1.event.weight } ?? 0).outline
            case .postponed:
                machine.postponed()
                return "–"
            }
        }
    }

    struct Row: CustomTestStringConvertible {
        let place: Place
        let happening: Happening
        let answer: String
        let next: String

        init(_ place: Place, _ happening: Happening, _ answer: String, _ next: String) {
            self.place = place
            self.happening = happening
            self.answer = answer
            self.next = next
        }

        var testDescription: String { "\(place) × \(happening)" }
    }

    private static let grid = firstRows + partialRows

    private static let firstRows: [Row] = [
        Row(.idle, .message, "taken", "ready 1"),
        Row(.idle, .end, "taken", "ready 1"),
        Row(.idle, .endedUnheard, "true", "finished"),
        Row(.idle, .next, "–", "idle"),
        Row(.idle, .answered, "progress", "idle"),
        Row(.idle, .unreachable, "drop 0", "idle"),
        Row(.idle, .timeout, "drop 0", "idle"),
        Row(.idle, .notUnderstood, "drop 0", "idle"),
        Row(.idle, .stale, "drop 0", "idle"),
        Row(.idle, .resumeAfterEnd, "–", "idle"),

        Row(.ready, .message, "taken", "ready 2"),
        Row(.ready, .end, "taken", "ready 2"),
        Row(.ready, .endedUnheard, "false", "ready 1"),
        Row(.ready, .next, "[1]", "in flight 1 of 1"),
        Row(.ready, .answered, "progress", "ready 1"),
        Row(.ready, .unreachable, "drop 0", "ready 1"),
        Row(.ready, .timeout, "drop 0", "ready 1"),
        Row(.ready, .notUnderstood, "drop 0", "ready 1"),
        Row(.ready, .stale, "drop 0", "ready 1"),
        Row(.ready, .resumeAfterEnd, "–", "ready 1"),

        Row(.opening, .message, "taken", "in flight 1 of 2"),
        Row(.opening, .end, "taken", "in flight 1 of 2"),
        Row(.opening, .endedUnheard, "false", "in flight 1 of 1"),
        Row(.opening, .next, "[1]", "in flight 1 of 1"),
        Row(.opening, .answered, "progress", "idle"),
        Row(.opening, .unreachable, "retry 0.5", "waiting 1 of 1"),
        Row(.opening, .timeout, "retry 0.5", "waiting 1 of 1"),
        Row(.opening, .notUnderstood, "refuse and tell", "idle"),
        Row(.opening, .stale, "retry now", "in flight 1 of 1"),
        Row(.opening, .resumeAfterEnd, "–", "in flight 1 of 1"),

        Row(.inFlight, .message, "taken", "in flight 1 of 3"),
        Row(.inFlight, .end, "taken", "in flight 1 of 3"),
        Row(.inFlight, .endedUnheard, "false", "in flight 1 of 2"),
        Row(.inFlight, .next, "[1]", "in flight 1 of 2"),
        Row(.inFlight, .answered, "progress", "ready 1"),
        Row(.inFlight, .unreachable, "retry 0.5", "waiting 1 of 2"),
        Row(.inFlight, .timeout, "retry 0.5", "waiting 1 of 2"),
        Row(.inFlight, .notUnderstood, "close 1", "held 1"),
        Row(.inFlight, .stale, "retry now", "in flight 1 of 2"),
        Row(.inFlight, .resumeAfterEnd, "–", "in flight 1 of 2"),

        Row(.lastAttempt, .message, "taken", "in flight 1 of 3"),
        Row(.lastAttempt, .end, "taken", "in flight 1 of 3"),
        Row(.lastAttempt, .endedUnheard, "false", "in flight 1 of 2"),
        Row(.lastAttempt, .next, "[1]", "in flight 1 of 2"),
        Row(.lastAttempt, .answered, "progress", "ready 1"),
        Row(.lastAttempt, .unreachable, "close 0", "held 2"),
        Row(.lastAttempt, .timeout, "close 1", "held 1"),
        Row(.lastAttempt, .notUnderstood, "close 1", "held 1"),
        Row(.lastAttempt, .stale, "retry now", "in flight 1 of 2"),
        Row(.lastAttempt, .resumeAfterEnd, "–", "in flight 1 of 2"),

        Row(.waiting, .message, "taken", "waiting 1 of 3"),
        Row(.waiting, .end, "taken", "waiting 1 of 3"),
        Row(.waiting, .endedUnheard, "false", "waiting 1 of 2"),
        Row(.waiting, .next, "[1]", "in flight 1 of 2"),
        Row(.waiting, .answered, "progress", "waiting 1 of 2"),
        Row(.waiting, .unreachable, "drop 0", "waiting 1 of 2"),
        Row(.waiting, .timeout, "drop 0", "waiting 1 of 2"),
        Row(.waiting, .notUnderstood, "drop 0", "waiting 1 of 2"),
        Row(.waiting, .stale, "drop 0", "waiting 1 of 2"),
        Row(.waiting, .resumeAfterEnd, "–", "waiting 1 of 2"),

        Row(.held, .message, "taken", "held 3"),
        Row(.held, .end, "taken", "held 3"),
        Row(.held, .endedUnheard, "false", "ready 2"),
        Row(.held, .next, "–", "held 2"),
        Row(.held, .answered, "progress", "held 2"),
        Row(.held, .unreachable, "drop 0", "held 2"),
        Row(.held, .timeout, "drop 0", "held 2"),
        Row(.held, .notUnderstood, "drop 0", "held 2"),
        Row(.held, .stale, "drop 0", "held 2"),
        Row(.held, .resumeAfterEnd, "–", "ready 2"),

        Row(.heldEmpty, .message, "taken", "held 1"),
        Row(.heldEmpty, .end, "taken", "held 1"),
        Row(.heldEmpty, .endedUnheard, "true", "finished"),
        Row(.heldEmpty, .next, "–", "held 0"),
        Row(.heldEmpty, .answered, "progress", "held 0"),
        Row(.heldEmpty, .unreachable, "drop 0", "held 0"),
        Row(.heldEmpty, .timeout, "drop 0", "held 0"),
        Row(.heldEmpty, .notUnderstood, "drop 0", "held 0"),
        Row(.heldEmpty, .stale, "drop 0", "held 0"),
        Row(.heldEmpty, .resumeAfterEnd, "–", "idle"),

        Row(.ended, .message, "gone", "in flight 1 of 3"),
        Row(.ended, .end, "gone", "in flight 1 of 3"),
        Row(.ended, .endedUnheard, "false", "in flight 1 of 3"),
        Row(.ended, .next, "[1]", "in flight 1 of 3"),
        Row(.ended, .answered, "progress", "ready 2"),
        Row(.ended, .unreachable, "retry 0.5", "waiting 1 of 3"),
        Row(.ended, .timeout, "retry 0.5", "waiting 1 of 3"),
        Row(.ended, .notUnderstood, "drop 1", "ready 2"),
        Row(.ended, .stale, "retry now", "in flight 1 of 3"),
        Row(.ended, .resumeAfterEnd, "–", "in flight 1 of 3"),

        Row(.farewell, .message, "gone", "in flight 2 of 2"),
        Row(.farewell, .end, "gone", "in flight 2 of 2"),
        Row(.farewell, .endedUnheard, "false", "in flight 2 of 2"),
        Row(.farewell, .next, "[1, 2]", "in flight 2 of 2"),
        Row(.farewell, .answered, "progress finished", "finished"),
        Row(.farewell, .unreachable, "retry 0.5", "waiting 2 of 2"),
        Row(.farewell, .timeout, "retry 0.5", "waiting 2 of 2"),
        Row(.farewell, .notUnderstood, "abandon 0", "finished"),
        Row(.farewell, .stale, "retry now", "in flight 2 of 2"),
        Row(.farewell, .resumeAfterEnd, "–", "in flight 2 of 2"),

        Row(.ending, .message, "gone", "in flight 1 of 1"),
        Row(.ending, .end, "gone", "in flight 1 of 1"),
        Row(.ending, .endedUnheard, "false", "in flight 1 of 1"),
        Row(.ending, .next, "[1]", "in flight 1 of 1"),
        Row(.ending, .answered, "progress finished", "finished"),
        Row(.ending, .unreachable, "retry 0.5", "waiting 1 of 1"),
        Row(.ending, .timeout, "retry 0.5", "waiting 1 of 1"),
        Row(.ending, .notUnderstood, "abandon 0", "finished"),
        Row(.ending, .stale, "retry now", "in flight 1 of 1"),
        Row(.ending, .resumeAfterEnd, "–", "in flight 1 of 1"),

        Row(.finished, .message, "gone", "finished"),
        Row(.finished, .end, "gone", "finished"),
        Row(.finished, .endedUnheard, "true", "finished"),
        Row(.finished, .next, "–", "finished"),
        Row(.finished, .answered, "progress finished", "finished"),
        Row(.finished, .unreachable, "drop 0 finished", "finished"),
        Row(.finished, .timeout, "drop 0 finished", "finished"),
        Row(.finished, .notUnderstood, "drop 0 finished", "finished"),
        Row(.finished, .stale, "drop 0 finished", "finished"),
        Row(.finished, .resumeAfterEnd, "–", "finished"),
    ]

    @Test("Each event in each state answers what the grid says", arguments: grid)
    func play(_ row: Row) {
        var machine = row.place.machine
        let answer = row.happening.happen(to: &machine)
        #expect(answer == row.answer)
        #expect(machine.outline == row.next)
    }

    @Test("The grid has every pair once")
    func gridIsWhole() {
        let pairs = Set(Self.grid.map(\.testDescription))
        #expect(pairs.count == Self.grid.count)
        #expect(pairs.count == Place.allCases.count * Happening.allCases.count)
    }
}
