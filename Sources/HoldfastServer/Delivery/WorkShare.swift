// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore

/// How much of its time an event loop has worked since this was made, as the system accounts for its thread.
struct WorkShare {
    private let madeAt = MonotonicTime.current
    private let workedBefore = Self.worked

    /// Whether it has had little time to spare. A quarter may go to other programs on its processor.
    var isBusy: Bool { Self.worked.since(workedBefore) * 4 > MonotonicTime.current.since(madeAt) * 3 }

    private static var worked: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
