// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// How long to wait before the next round of servers: any time up to a limit that doubles with each failed round (full jitter), so that the nodes of a
/// cluster do not come back together.
enum BackOff {
    static let first = Duration.milliseconds(50)
    static let longest = Duration.seconds(2)

    /// - Parameters:
    ///   - round: how many rounds have failed since the connection was last good.
    ///   - jitter: a random number from 0 up to 1.
    static func delay(after round: Int, jitter: Double) -> Duration {
        let limit = min(longest.inSeconds, first.inSeconds * Double(1 << min(max(round, 0), 16)))
        return .nanoseconds(Int64(limit * jitter * 1e9))
    }
}
