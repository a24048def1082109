// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// The socket of a channel without TLS, for bytes that go around the channel: while it has nothing queued, a small write that the socket takes at
/// once costs a quarter of what it does by the channel, with its pipeline, its pending writes and their promises.
enum DirectSocket {
    /// Whether nothing that was written before waits in the channel.
    static func isFree(_ context: ChannelHandlerContext) -> Bool { (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 }

    /// The socket, which is the channel's own and not yet another connection's while the channel is active: a channel closes its socket and ceases to
    /// be active in one step on its loop, with nobody called in between who would write.
    static func find(_ context: ChannelHandlerContext) -> NIOBSDSocket.Handle? {
        guard context.channel.isActive else { return nil }
        return try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
    }

    /// - Returns: how many bytes the socket took; none also where it is closed, which the channel then finds out for itself.
    @inline(__always)
    static func send(_ bytes: ByteBuffer, to socket: NIOBSDSocket.Handle) -> Int {
        max(0, bytes.withUnsafeReadableBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) })
    }
}
