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

    /// How a limit is shared out.
    package struct Plan: Equatable, Sendable {
        /// Client sockets.
        package let connections: Int
        /// Client sockets beyond that, which get a refusal.
        package let spare: Int
        /// Connections to the control API; more wait in the system's queue.
        package let control: Int
    }

    /// Shares a limit out, once webhooks and the process's own files are provided for: twice the webhooks in flight, since as many connections
    /// may be kept unused by loops that others need places of.
    package static func plan(openFiles: Int, webhooks: Int) -> Plan {
        let own = min(64, openFiles / 8) + min(webhooks * 2, openFiles / 4)
        let spare = min(1024, max(8, openFiles / 16))
        let control = min(1024, max(8, openFiles / 8))
        return Plan(connections: max(1, openFiles - own - spare - control), spare: spare, control: control)
    }
}
