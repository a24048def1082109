// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How long to wait before a request is repeated: 0.5 s, then three times as long each time, at most 10 s, give or take a fifth so that
/// many connections do not come back together.
package enum RetrySchedule {
    /// - Parameters:
    ///   - attempt: how many attempts have failed, from 1.
    ///   - jitter: a random number from 0 up to 1.
    package static func delay(after attempt: Int, jitter: Double) -> Duration {
        var seconds = 0.5
        for _ in 1..<max(attempt, 1) where seconds < 10 { seconds *= 3 }
        return .milliseconds(Int(min(seconds, 10) * (0.8 + 0.4 * jitter) * 1000))
    }
}
