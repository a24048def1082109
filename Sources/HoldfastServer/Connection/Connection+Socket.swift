// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// The short way out: a fan-out writes the same bytes to each of many sockets, most of which take them at once. Then the channel's own queue, with
/// its pipeline, its pending writes and their promises, costs more than the work itself. See ``DirectPaths``.
extension Connection {
    /// Opens the direct path, where nothing stands against it: bytes go to the socket as they are, nothing unsent is before them, and no message
    /// needs a look of its own.
    ///
    /// The path must be closed before any of this changes. While the channel is active its descriptor is its own and not yet another connection's:
    /// a channel closes its socket and tells its handlers in one step on this loop.
    func openDirectPath() -> Bool {
        guard isPlain, !isDirty, isWritable, sendQueue.isEmpty, isReachable, !isOutbound, compression?.isShared ?? true, extras?.isWatchful != true,
            let context, context.channel.isActive, (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0,
            let socket = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self, { $0 })
        else { return false }
        shard.directPaths.open(facts.id.slot, socket: socket, route: route, compression: compression)
        return true
    }

    /// Sends the first frame of a turn straight to the socket; what follows in the same turn is gathered.
    ///
    /// - Returns: whether it was sent; what the socket did not take is with the channel.
    func sendDirectly(_ frame: ByteBuffer) -> Bool {
        guard !isDirty else { return false }
        let slot = facts.id.slot
        guard shard.directPaths.isOpen(slot) || openDirectPath() else { return false }
        shard.scheduleTurnEnd()
        switch shard.directPaths.send(frame, to: slot, turn: shard.turn, at: shard.now) {
        case .sent: return true
        case .partly(let count):
            writeRest(of: frame, from: count)
            return true
        case .closed: return false
        }
    }

    func closeDirectPath() { shard.directPaths.close(facts.id.slot) }

    /// Gives the channel what the socket did not take. Where the socket is closed, the channel finds that out for itself.
    func writeRest(of bytes: ByteBuffer, from start: Int) {
        closeDirectPath()
        var rest = bytes
        rest.moveReaderIndex(forwardBy: start)
        context?.writeAndFlush(wrapOutboundOut(rest), promise: nil)
    }
}
