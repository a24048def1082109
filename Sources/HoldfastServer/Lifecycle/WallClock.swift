// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The time of day, for signatures only.
enum WallClock {
    /// Seconds since 1970.
    static var seconds: Double { Date.now.timeIntervalSince1970 }
}
