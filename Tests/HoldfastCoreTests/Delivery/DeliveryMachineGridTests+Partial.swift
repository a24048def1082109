// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

// The rest of the grid: calls without news, apps that take a part, openings that are postponed. In a batch all messages are one byte long.
// "offered 1": one event was offered and not taken, and waits for news.
//
// |             | refresh                  | tookNothing                         | tookAll                      | postponed          |
// |-------------|--------------------------|-------------------------------------|------------------------------|--------------------|
// | idle        | taken → ready 1          | progress → idle                     | progress → idle              | – → idle           |
// | ready       | taken → ready 2          | progress → ready 1                  | progress → ready 1           | – → ready 1        |
// | opening     | taken → in flight 1 of 2 | progress → idle                     | progress → idle              | – → waiting 1 of 1 |
// | inFlight    | taken → in flight 1 of 3 | progress → ready 2                  | progress → ready 1           | – → waiting 1 of 2 |
// | lastAttempt | taken → in flight 1 of 3 | progress → ready 2                  | progress → ready 1           | – → waiting 1 of 2 |
// | waiting     | taken → waiting 1 of 3   | progress → waiting 1 of 2           | progress → waiting 1 of 2    | – → waiting 1 of 2 |
// | held        | taken → held 3           | progress → held 2                   | progress → held 2            | – → held 2         |
// | heldEmpty   | taken → held 1           | progress → held 0                   | progress → held 0            | – → held 0         |
// | ended       | gone → in flight 1 of 3  | progress again 0.5 → waiting 3 of 3 | progress → ready 2           | – → waiting 1 of 3 |
// | farewell    | gone → in flight 2 of 2  | progress again 0.5 → waiting 2 of 2 | progress finished → finished | – → waiting 2 of 2 |
// | ending      | gone → in flight 1 of 1  | progress finished → finished        | progress finished → finished | – → waiting 1 of 1 |
// | finished    | gone → finished          | progress finished → finished        | progress finished → finished | – → finished       |
// | offered     | taken → ready 2          | progress → offered 1                | progress → offered 1         | – → offered 1      |
// | postponed   | taken → waiting 1 of 2   | progress → waiting 1 of 1           | progress → waiting 1 of 1    | – → waiting 1 of 1 |
//
// |           | message                | end                    | endedUnheard           | next                   |
// |-----------|------------------------|------------------------|------------------------|------------------------|
// | offered   | taken → ready 2        | taken → ready 2        | false → ready 1        | [1] → in flight 1 of 1 |
// | postponed | taken → waiting 1 of 2 | taken → waiting 1 of 2 | false → waiting 1 of 1 | [1] → in flight 1 of 1 |
//
// |           | answered                  | unreachable             | timeout                 |
// |-----------|---------------------------|-------------------------|-------------------------|
// | offered   | progress → offered 1      | drop 0 → offered 1      | drop 0 → offered 1      |
// | postponed | progress → waiting 1 of 1 | drop 0 → waiting 1 of 1 | drop 0 → waiting 1 of 1 |
//
// |           | notUnderstood           | stale                   | resumeAfterEnd     |
// |-----------|-------------------------|-------------------------|--------------------|
// | offered   | drop 0 → offered 1      | drop 0 → offered 1      | – → offered 1      |
// | postponed | drop 0 → waiting 1 of 1 | drop 0 → waiting 1 of 1 | – → waiting 1 of 1 |

extension DeliveryMachineGridTests {
    static let partialRows: [Row] = [
        Row(.idle, .refresh, "taken", "ready 1"),
        Row(.idle, .tookNothing, "progress", "idle"),
        Row(.idle, .tookAll, "progress", "idle"),
        Row(.idle, .postponed, "–", "idle"),

        Row(.ready, .refresh, "taken", "ready 2"),
        Row(.ready, .tookNothing, "progress", "ready 1"),
        Row(.ready, .tookAll, "progress", "ready 1"),
        Row(.ready, .postponed, "–", "ready 1"),

        Row(.opening, .refresh, "taken", "in flight 1 of 2"),
        Row(.opening, .tookNothing, "progress", "idle"),
        Row(.opening, .tookAll, "progress", "idle"),
        Row(.opening, .postponed, "–", "waiting 1 of 1"),

        Row(.inFlight, .refresh, "taken", "in flight 1 of 3"),
        Row(.inFlight, .tookNothing, "progress", "ready 2"),
        Row(.inFlight, .tookAll, "progress", "ready 1"),
        Row(.inFlight, .postponed, "–", "waiting 1 of 2"),

        Row(.lastAttempt, .refresh, "taken", "in flight 1 of 3"),
        Row(.lastAttempt, .tookNothing, "progress", "ready 2"),
        Row(.lastAttempt, .tookAll, "progress", "ready 1"),
        Row(.lastAttempt, .postponed, "–", "waiting 1 of 2"),

        Row(.waiting, .refresh, "taken", "waiting 1 of 3"),
        Row(.waiting, .tookNothing, "progress", "waiting 1 of 2"),
        Row(.waiting, .tookAll, "progress", "waiting 1 of 2"),
        Row(.waiting, .postponed, "–", "waiting 1 of 2"),

        Row(.held, .refresh, "taken", "held 3"),
        Row(.held, .tookNothing, "progress", "held 2"),
        Row(.held, .tookAll, "progress", "held 2"),
        Row(.held, .postponed, "–", "held 2"),

        Row(.heldEmpty, .refresh, "taken", "held 1"),
        Row(.heldEmpty, .tookNothing, "progress", "held 0"),
        Row(.heldEmpty, .tookAll, "progress", "held 0"),
        Row(.heldEmpty, .postponed, "–", "held 0"),

        Row(.ended, .refresh, "gone", "in flight 1 of 3"),
        Row(.ended, .tookNothing, "progress again 0.5", "waiting 3 of 3"),
        Row(.ended, .tookAll, "progress", "ready 2"),
        Row(.ended, .postponed, "–", "waiting 1 of 3"),

        Row(.farewell, .refresh, "gone", "in flight 2 of 2"),
        Row(.farewell, .tookNothing, "progress again 0.5", "waiting 2 of 2"),
        Row(.farewell, .tookAll, "progress finished", "finished"),
        Row(.farewell, .postponed, "–", "waiting 2 of 2"),

        Row(.ending, .refresh, "gone", "in flight 1 of 1"),
        Row(.ending, .tookNothing, "progress finished", "finished"),
        Row(.ending, .tookAll, "progress finished", "finished"),
        Row(.ending, .postponed, "–", "waiting 1 of 1"),

        Row(.finished, .refresh, "gone", "finished"),
        Row(.finished, .tookNothing, "progress finished", "finished"),
        Row(.finished, .tookAll, "progress finished", "finished"),
        Row(.finished, .postponed, "–", "finished"),

        Row(.offered, .message, "taken", "ready 2"),
        Row(.offered, .end, "taken", "ready 2"),
        Row(.offered, .endedUnheard, "false", "ready 1"),
        Row(.offered, .next, "[1]", "in flight 1 of 1"),
        Row(.offered, .answered, "progress", "offered 1"),
        Row(.offered, .unreachable, "drop 0", "offered 1"),
        Row(.offered, .timeout, "drop 0", "offered 1"),
        Row(.offered, .notUnderstood, "drop 0", "offered 1"),
        Row(.offered, .stale, "drop 0", "offered 1"),
        Row(.offered, .resumeAfterEnd, "–", "offered 1"),
        Row(.offered, .refresh, "taken", "ready 2"),
        Row(.offered, .tookNothing, "progress", "offered 1"),
        Row(.offered, .tookAll, "progress", "offered 1"),
        Row(.offered, .postponed, "–", "offered 1"),

        Row(.postponed, .message, "taken", "waiting 1 of 2"),
        Row(.postponed, .end, "taken", "waiting 1 of 2"),
        Row(.postponed, .endedUnheard, "false", "waiting 1 of 1"),
        Row(.postponed, .next, "[1]", "in flight 1 of 1"),
        Row(.postponed, .answered, "progress", "waiting 1 of 1"),
        Row(.postponed, .unreachable, "drop 0", "waiting 1 of 1"),
        Row(.postponed, .timeout, "drop 0", "waiting 1 of 1"),
        Row(.postponed, .notUnderstood, "drop 0", "waiting 1 of 1"),
        Row(.postponed, .stale, "drop 0", "waiting 1 of 1"),
        Row(.postponed, .resumeAfterEnd, "–", "waiting 1 of 1"),
        Row(.postponed, .refresh, "taken", "waiting 1 of 2"),
        Row(.postponed, .tookNothing, "progress", "waiting 1 of 1"),
        Row(.postponed, .tookAll, "progress", "waiting 1 of 1"),
        Row(.postponed, .postponed, "–", "waiting 1 of 1"),
    ]
}
