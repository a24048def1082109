// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Lets one line a minute through, with how many there would have been.
struct MinuteThrottle {
    private var nextAt: MonotonicTime?
    private var count = 0

    /// - Parameter more: how many things there are to be said.
    /// - Returns: how many there were since the last line; `nil` where it is too early for one.
    mutating func admits(_ more: Int = 1, at now: MonotonicTime) -> Int? {
        count += more
        if let nextAt, now < nextAt { return nil }
        nextAt = now + .seconds(60)
        defer { count = 0 }
        return count
    }
}
