// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTPTypes

/// Tells the ``ControlFront`` of a connection how far the router behind it is: it stands between the router's HTTP decoder and its requests.
final class RouterWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var front: ControlFront?

    func handlerAdded(context: ChannelHandlerContext) {
        front = try? context.pipeline.syncOperations.handler(type: ControlFront.self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { front = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: front?.routerRead(.head)
        case .body: front?.routerRead(.body)
        case .end: front?.routerRead(.end)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let isEnd = if case .end = unwrapOutboundIn(data) { true } else { false }
        context.write(data, promise: promise)
        // The answer's last byte is on its way: what comes now stands behind it.
        if isEnd { front?.routerAnswered() }
    }
}
