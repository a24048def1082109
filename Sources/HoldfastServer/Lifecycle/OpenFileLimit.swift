// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The limit of open files, which is the limit of sockets.
package enum OpenFileLimit {
    /// Raises the soft limit to the hard one.
    ///
    /// - Returns: the limit now in force.
    package static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        var wanted = limit
        wanted.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 { limit = wanted }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many client sockets a limit leaves room for, and how many more may wait for a refusal, once webhooks, the control API and the
    /// process's own files are provided for.
    package static func plan(openFiles: Int, webhooks: Int) -> (connections: Int, spare: Int) {
        let own = 64 + min(webhooks, openFiles / 4)
        let spare = min(1024, max(8, openFiles / 16))
        return (max(1, openFiles - own - spare), spare)
    }
}
