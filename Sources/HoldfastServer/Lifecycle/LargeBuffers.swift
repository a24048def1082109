// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import CMalloc
import Foundation

/// How the C library's allocator treats large buffers.
package enum LargeBuffers {
    /// From this size on, a buffer is a mapping of its own, which goes back to the system when it is freed.
    ///
    /// Smaller ones are reused out of heaps, which is faster; a heap gives memory back only from its end.
    static let threshold: Int32 = 256 * 1024

    /// Keeps the allocator from raising its threshold to the size of the largest buffer ever freed, after which a burst of large messages stays
    /// in the heaps for good wherever something small was allocated behind them.
    ///
    /// Whoever sets glibc's own variables (`MALLOC_MMAP_THRESHOLD_`, `GLIBC_TUNABLES`) is left alone. Call it before any loop starts.
    package static func returnWhenFreed() {
        #if canImport(Glibc)
        let environment = ProcessInfo.processInfo.environment
        guard !environment.keys.contains(where: { $0.hasPrefix("MALLOC_") || $0 == "GLIBC_TUNABLES" }) else { return }
        mallopt(M_MMAP_THRESHOLD, threshold)
        mallopt(M_TRIM_THRESHOLD, threshold)
        #endif
    }
}
