// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The time of day, for signatures and for messages that tell it.
enum WallClock {
    /// Seconds since 1970.
    static var seconds: Double { Date.now.timeIntervalSince1970 }

    /// Nanoseconds since 1970, exact to about a microsecond.
    static var nanoseconds: Int64 { Int64(seconds * 1e6) * 1000 }
}
