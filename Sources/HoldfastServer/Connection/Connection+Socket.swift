// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// The short way out: what a turn brings for a client goes to its socket in one piece, which the socket takes at once nearly always. See
/// ``DirectPaths`` and ``DirectSocket``.
extension Connection {
    /// Opens the direct path, where bytes go to the socket as they are and none that are unsent are before them.
    ///
    /// - Returns: whether it is open.
    func openDirectPath() -> Bool {
        if hasDirectPath { return true }
        guard isPlain, !isOutbound, !isDirty, isWritable, let context, DirectSocket.isFree(context), let socket = DirectSocket.find(context)
        else { return false }
        shard.directPaths.open(facts.id.slot, socket: socket)
        hasDirectPath = true
        return true
    }

    /// Lets fan-outs take the direct path without asking, as long as no message needs a look of its own.
    ///
    /// - Returns: whether they may.
    func admitFanOuts() -> Bool {
        guard isReachable, sendQueue.isEmpty, compression?.isShared ?? true, extras?.isWatchful != true, openDirectPath() else { return false }
        shard.directPaths.admit(facts.id.slot, route: route, compression: compression)
        return true
    }

    /// Something changes that a fan-out must ask about.
    func barFanOuts() {
        if hasDirectPath { shard.directPaths.bar(facts.id.slot) }
    }

    /// Holds a frame back to the end of the turn.
    func gather(_ frame: ByteBuffer) {
        shard.directPaths.hold(facts.id.slot)
        shard.gathered.append(frame, to: &gathered)
    }

    /// Sends what was gathered.
    func sendGathered() {
        let bytes = shard.gathered.take(&gathered)
        guard hasDirectPath else { return }
        if case .partly(let count) = shard.directPaths.send(bytes, to: facts.id.slot) { writeRest(of: bytes, from: count) }
    }

    /// The socket is gone, and with it what was to be sent.
    func closeDirectPath() {
        guard hasDirectPath else { return }
        hasDirectPath = false
        shard.directPaths.close(facts.id.slot)
        _ = shard.gathered.take(&gathered)
    }

    /// Gives the channel what the socket did not take: the path is closed. Where the socket is closed, the channel finds that out for itself.
    func writeRest(of bytes: ByteBuffer, from start: Int) {
        hasDirectPath = false
        var rest = bytes
        rest.moveReaderIndex(forwardBy: start)
        context?.writeAndFlush(wrapOutboundOut(rest), promise: nil)
    }
}
