// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Lets one line about the same trouble through at a time, and counts the others.
struct LogGate: Sendable {
    private let interval: Duration
    private var nextAt: MonotonicTime?
    private var held = 0

    init(every interval: Duration) { self.interval = interval }

    /// - Returns: how many were held back since the last line, where a line may be written now.
    mutating func pass(at now: MonotonicTime) -> Int? {
        if let nextAt, now < nextAt {
            held += 1
            return nil
        }
        defer { held = 0 }
        nextAt = now + interval
        return held
    }
}
