// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HummingbirdCore
import Logging
import NIOCore

/// A connection to the control port: a ``ControlFront``, and behind it the router's HTTP.
struct ControlChannel: ServerChildChannel {
    private let router: HTTP1Channel
    private let routes: QuickRoutes
    private let idleTimeout: Duration

    init(routes: QuickRoutes, idleTimeout: Duration, responder: @escaping HTTPChannelHandler.Responder) {
        self.routes = routes
        self.idleTimeout = idleTimeout
        // The front sees all that happens, so it keeps the time.
        router = HTTP1Channel(responder: responder, configuration: .init(additionalChannelHandlers: [RouterWatch()], idleTimeout: nil))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        do {
            let front = ControlFront(routes: routes, shard: routes.hub.shard(on: channel.eventLoop), patience: idleTimeout)
            try channel.pipeline.syncOperations.addHandler(front)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return router.setup(channel: channel, logger: logger)
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await router.handle(value: value, logger: logger) }
}
