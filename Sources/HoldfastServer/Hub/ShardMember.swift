// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Who holds a slot of a shard: a client in its handshake, or a connection.
protocol ShardMember: AnyObject {
    var id: ConnectionID { get }

    /// A reminder that this member asked for has come; it may be an old one, with nothing due any more.
    func reminded(at now: MonotonicTime)

    /// The gateway is shutting down.
    func drain(at moment: MonotonicTime)
}
