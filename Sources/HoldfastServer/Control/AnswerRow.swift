// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Answers in the order of a control connection's requests: those that wait for other loops, and those behind them.
struct AnswerRow {
    /// Where an answer will stand. Those behind it wait.
    final class Place {
        var answer: ControlAnswer?
    }

    private var places: Deque<Place> = []

    var isEmpty: Bool { places.isEmpty }
    var count: Int { places.count }

    /// - Returns: the place behind all others.
    mutating func append() -> Place {
        let place = Place()
        places.append(place)
        return place
    }

    /// Takes out the first answer; `nil` while it is not there.
    mutating func next() -> ControlAnswer? {
        guard let answer = places.first?.answer else { return nil }
        places.removeFirst()
        return answer
    }
}
