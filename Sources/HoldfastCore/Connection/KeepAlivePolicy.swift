// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// When a silent, idle or old connection is tested and ended; `nil` switches a rule off.
package struct KeepAlivePolicy: Equatable, Sendable {
    /// A ping goes out when nothing came for this long. Default 25 s, below the 30 to 60 s after which balancers cut idle sockets.
    package var pingInterval: Duration?
    /// The connection is given up when nothing came for this long after a ping. Default 20 s.
    package var pongTimeout: Duration
    /// The connection is closed (1000) when no message passed in either direction for this long. Default off.
    package var idleTimeout: Duration?
    /// The connection is closed (1001) at this age. Default off.
    package var maxLifetime: Duration?

    package init(
        pingInterval: Duration? = .seconds(25), pongTimeout: Duration = .seconds(20), idleTimeout: Duration? = nil, maxLifetime: Duration? = nil
    ) {
        self.pingInterval = pingInterval
        self.pongTimeout = pongTimeout
        self.idleTimeout = idleTimeout
        self.maxLifetime = maxLifetime
    }
}
