// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// The short way out of a channel without TLS: bytes go straight to its socket while the channel has nothing queued.
///
/// A small write that the socket takes at once costs a quarter of what it does by the channel, with its pipeline, its pending writes and their promises.
struct StraightSocket {
    /// Whether the channel is known to hold nothing unwritten.
    private var isDrained = false
    /// Good only while the channel is active.
    private var handle: NIOBSDSocket.Handle?

    /// Writes bytes out at once: straight to the socket where nothing is queued before them, and by the channel what the socket does not take.
    mutating func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let sent = knowsDrained(context) ? send(bytes, context) : 0
        guard sent < bytes.readableBytes else { return }
        isDrained = false
        var rest = bytes
        rest.moveReaderIndex(forwardBy: sent)
        context.writeAndFlush(NIOAny(rest), promise: nil)
    }

    private mutating func knowsDrained(_ context: ChannelHandlerContext) -> Bool {
        if !isDrained { isDrained = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 }
        return isDrained
    }

    /// - Returns: how many bytes the socket took; none also where it is closed, which the channel then finds out for itself.
    private mutating func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> Int {
        // A channel closes its socket and ceases to be active in one step on this loop, with nobody called in between: while it is active, the
        // descriptor is its own and not yet another connection's.
        guard context.channel.isActive, let socket = handle ?? find(context) else { return 0 }
        return max(0, bytes.withUnsafeReadableBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) })
    }

    private mutating func find(_ context: ChannelHandlerContext) -> NIOBSDSocket.Handle? {
        handle = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        return handle
    }
}
