// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What became of one action.
package enum ActionResult: Equatable, Sendable {
    /// Done; `delivered` is how many connections on this node it reached.
    case done(delivered: Int)
    /// An outbound connection is being dialled, under this id.
    case dialling(ConnectionID)
    /// No such connection.
    case notFound
    /// The publication's id was seen on this channel within the last 60 seconds; nothing was sent.
    case duplicate
    /// The connection's queue is full and its route drops what is new.
    case full
    /// The action would pass a limit; nothing was done.
    case refused(String)
    /// The connection's node did not answer.
    case unreachable
}
