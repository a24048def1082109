// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many sockets this node holds, over all event loops, and whether it takes more.
package final class NodeAdmission: Sendable {
    /// Clients beyond it get 503.
    package let maxConnections: Int
    /// Sockets beyond it are closed unread: they are kept apart from the files that webhooks and the control API need.
    let hardLimit: Int
    /// Connections to the control API at a time.
    let maxControlConnections: Int
    private let held = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)

    /// How long a client may take to send its opening request.
    let handshakeTimeout: Duration
    /// The longest head of an opening request, in bytes.
    let maxHeadBytes: Int

    package init(maxConnections: Int, spare: Int, maxControlConnections: Int, handshakeTimeout: Duration, maxHeadBytes: Int) {
        self.maxConnections = maxConnections
        self.handshakeTimeout = handshakeTimeout
        self.maxHeadBytes = maxHeadBytes
        hardLimit = maxConnections + spare
        self.maxControlConnections = maxControlConnections
    }

    /// A socket was accepted.
    ///
    /// - Returns: how many there are now.
    func entered() -> Int { held.add(1, ordering: .relaxed).newValue }

    func left() { held.subtract(1, ordering: .relaxed) }

    package var count: Int { held.load(ordering: .relaxed) }

    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    package func drain() { draining.store(true, ordering: .relaxed) }
}
