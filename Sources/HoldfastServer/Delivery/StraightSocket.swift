// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The short way out of a channel without TLS: bytes go straight to its socket while the channel has nothing queued. See ``DirectSocket``.
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
        if !isDrained { isDrained = DirectSocket.isFree(context) }
        return isDrained
    }

    private mutating func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> Int {
        if handle == nil { handle = DirectSocket.find(context) }
        guard context.channel.isActive, let handle else { return 0 }
        return DirectSocket.send(bytes, to: handle)
    }
}
