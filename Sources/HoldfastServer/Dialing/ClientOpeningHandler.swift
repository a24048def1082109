// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Sends the opening request to a remote and reads the head of its answer; then its place is the connection's.
final class ClientOpeningHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private var reader = HTTPResponseHeadReader(maxHeadBytes: WebhookConnection.maxHeadBytes)
    /// What the remote has sent behind its answer.
    private(set) var rest = ByteBuffer()
    private let answered: (HTTPResponseHead, ChannelHandlerContext) -> Void
    private let failed: (any Error) -> Void
    private var isOver = false

    /// - Parameters:
    ///   - answered: called once, with the head of the answer.
    ///   - failed: called instead, once, when there is none.
    init(
        request: ByteBuffer, answered: @escaping (HTTPResponseHead, ChannelHandlerContext) -> Void, failed: @escaping (any Error) -> Void
    ) {
        self.request = request
        self.answered = answered
        self.failed = failed
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { context.writeAndFlush(wrapOutboundOut(request), promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        // Between the answer and this handler's leaving.
        guard !isOver else {
            rest.writeBuffer(&bytes)
            return
        }
        do throws(HTTPResponseError) {
            guard let head = try reader.next(from: &bytes) else { return }
            isOver = true
            rest = bytes
            answered(head, context)
        } catch {
            fail(DialError("the remote's answer is not HTTP: \(error)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { fail(DialError("the remote closed the connection without an answer")) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
        if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        context.leavePipeline(removalToken: removalToken)
    }

    private func fail(_ error: any Error) {
        guard !isOver else { return }
        isOver = true
        failed(error)
    }
}
