// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// The one handler of a client's channel: passes what happens there to whoever holds it, first the ``OpeningHandler``, then the ``Connection``.
///
/// To hand a channel over by handlers that come and go would cost an opened connection a tenth of its instructions: NIO looks up at run time what
/// each handler can do.
final class ClientSocket: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Holder {
        case opening(OpeningHandler)
        case connection(Connection)
    }

    private var holder: Holder

    /// What the channel or TLS has read.
    static func bytes(_ data: NIOAny) -> ByteBuffer { unwrapInboundIn(data) }

    /// What the decoder in front of it has made of that.
    static func part(_ data: NIOAny) -> HTTPServerRequestPart { Parts.unwrapInboundIn(data) }

    /// Never in a pipeline: it has the type of a decoder's parts.
    private final class Parts: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
    }

    init(_ opening: OpeningHandler) { holder = .opening(opening) }

    /// The connection holds the channel from now on.
    func handOver(to connection: Connection, _ context: ChannelHandlerContext) {
        if case .opening(let opening) = holder { opening.handlerRemoved(context: context) }
        holder = .connection(connection)
        connection.handlerAdded(context: context)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        switch holder {
        case .opening(let opening): opening.handlerAdded(context: context, socket: self)
        case .connection(let connection): connection.handlerAdded(context: context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        switch holder {
        case .opening(let opening): opening.handlerRemoved(context: context)
        case .connection(let connection): connection.handlerRemoved(context: context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch holder {
        case .opening(let opening): opening.channelRead(context: context, data: data)
        case .connection(let connection): connection.channelRead(context: context, data: data)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        switch holder {
        case .opening(let opening): opening.channelWritabilityChanged(context: context)
        case .connection(let connection): connection.channelWritabilityChanged(context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch holder {
        case .opening(let opening): opening.channelInactive(context: context)
        case .connection(let connection): connection.channelInactive(context: context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .opening(let opening) = holder { opening.userInboundEventTriggered(event) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch holder {
        case .opening(let opening): opening.errorCaught(context: context, error: error)
        case .connection(let connection): connection.errorCaught(context: context, error: error)
        }
    }

    func read(context: ChannelHandlerContext) {
        switch holder {
        case .opening(let opening): opening.read(context: context)
        case .connection(let connection): connection.read(context: context)
        }
    }
}
