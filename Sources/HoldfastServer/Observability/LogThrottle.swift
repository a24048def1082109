// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Lets ten lines a second through and counts the rest: when an app is down, each of its connections has the same to say.
struct LogThrottle {
    static let linesPerSecond = 10

    private var second: Int64 = 0
    private var lines = 0
    private var heldBack = 0

    mutating func admits(at now: MonotonicTime) -> Bool {
        let current = now.nanoseconds / 1_000_000_000
        if current != second {
            second = current
            lines = 0
        }
        lines += 1
        if lines > Self.linesPerSecond { heldBack += 1 }
        return lines <= Self.linesPerSecond
    }

    /// How many lines were held back since the last that was let through, if any.
    mutating func takeHeldBack() -> Int? {
        defer { heldBack = 0 }
        return heldBack > 0 ? heldBack : nil
    }
}
