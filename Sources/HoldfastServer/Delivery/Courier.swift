// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOCore

/// Brings one event loop's webhooks to the apps: a ``WebhookPool`` per route.
package final class Courier {
    package let routes: [ShardRoute]

    /// - Parameter shared: one per route, in the configuration's order, shared by all loops.
    init(loop: any EventLoop, index: Int, shared: [SharedRoute], configuration: GatewayConfiguration, logger: Logger) {
        routes = zip(configuration.routes, shared).map { route, shared in
            ShardRoute(
                configuration: route, shared: shared, pool: WebhookPool(loop: loop, index: index, shared: shared, route: route, logger: logger))
        }
        for route in routes { route.pool.route = route }
    }

    /// Ends what took too long, and idle connections.
    func sweep(at now: MonotonicTime) {
        for route in routes { route.pool.sweep(at: now) }
    }

    /// Closes all connections to the apps.
    func shutDown() {
        for route in routes { route.pool.shutDown() }
    }
}
