// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// The short way out: a fan-out writes one frame to each of many sockets, most of which take it at once. Then the channel's own queue, with its
/// pipeline, its pending writes and their promises, costs more than the work itself.
extension Connection {
    /// Writes a frame out at once: straight to the socket where nothing is queued before it, and by the channel what the socket does not take.
    func writeOut(_ frame: ByteBuffer, _ context: ChannelHandlerContext) {
        let sent = isPlain && knowsDrained(context) ? send(frame, context) : 0
        guard sent < frame.readableBytes else { return }
        isDrained = false
        var rest = frame
        rest.moveReaderIndex(forwardBy: sent)
        context.writeAndFlush(wrapOutboundOut(rest), promise: nil)
    }

    private func knowsDrained(_ context: ChannelHandlerContext) -> Bool {
        if !isDrained { isDrained = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 }
        return isDrained
    }

    /// - Returns: how many bytes the socket took; none also where it is closed, which the channel then finds out for itself.
    private func send(_ frame: ByteBuffer, _ context: ChannelHandlerContext) -> Int {
        // A channel closes its socket and ceases to be active in one step on this loop, with nobody called in between: while it is active, the
        // descriptor is its own and not yet another connection's. To ask the channel each time costs as much as half of the rest.
        guard context.channel.isActive, let socket = socket ?? findSocket(context) else { return 0 }
        return max(0, frame.withUnsafeReadableBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) })
    }

    private func findSocket(_ context: ChannelHandlerContext) -> NIOBSDSocket.Handle? {
        socket = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        return socket
    }
}
