// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// How many cores this process may run on.
package enum UsableCores {
    /// Those that the scheduler gives it (`taskset`, cpusets), which can be fewer than the machine has.
    package static var count: Int {
        #if os(Linux)
        if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
        {
            let count = line.dropFirst(13).compactMap(\.hexDigitValue).reduce(0) { $0 + $1.nonzeroBitCount }
            if count > 0 { return min(count, System.coreCount) }
        }
        #endif
        return System.coreCount
    }
}
