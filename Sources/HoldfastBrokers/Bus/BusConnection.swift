// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOSSL

/// One connection to an engine: carries bytes between its channel and its session, and tells the runner the news.
final class BusConnection<Session: BusSession>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A buffer that has grown beyond this is not kept for the next writes.
    private static var maxKeptBytes: Int { 256 << 10 }

    let server: BusAddress
    var session: Session
    /// Whether something came since it was last asked.
    var hasHeard = false
    /// Signs of life that were asked for in vain.
    var unanswered = 0
    private var runner: BusRunner<Session>?
    private var context: ChannelHandlerContext?
    private var problem: BusFailure?

    init(_ session: Session, server: BusAddress, runner: BusRunner<Session>) {
        self.session = session
        self.server = server
        self.runner = runner
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// The connection stands, and this is in its pipeline.
    func begin() {
        session.opened()
        flush()
    }

    func startTLS(_ tls: BusTLS) {
        guard let context else { return }
        do {
            try context.pipeline.syncOperations.addHandler(tls.handler(host: server.certificateHost), position: .first)
        } catch {
            return end(BusTrouble.failure(error))
        }
        session.startedTLS()
    }

    /// Writes out what the session has to say.
    func flush() {
        guard session.output.readableBytes > 0, let context else { return }
        // Taken out first: writing may make the channel writable again, and then this is called once more from within.
        var bytes = session.output
        session.output = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        // Where the socket has taken it all, the memory is this one's own again.
        guard session.output.capacity == 0, bytes.capacity <= Self.maxKeptBytes else { return }
        bytes.clear(minimumCapacity: 0)
        session.output = bytes
    }

    /// Ends the connection. The runner hears of it once, before this returns.
    func end(_ failure: BusFailure) {
        problem = failure
        let context = context
        over()
        guard let context else { return }
        // What the system still holds would reach the engine after this node has published it again, or when nobody expects it any more.
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        context.close(promise: nil)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        over()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasHeard = true
        let news = session.receive(unwrapInboundIn(data))
        runner?.heard(news, on: self)
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Not at once: this may be called from within a write.
        if context.channel.isWritable { runner?.pumpSoon() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) { over() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if problem == nil { problem = BusTrouble.failure(error) }
        context.close(promise: nil)
    }

    private func over() {
        guard let runner else { return }
        self.runner = nil
        runner.ended(self, problem ?? .lost("the server ended the connection"))
    }
}
