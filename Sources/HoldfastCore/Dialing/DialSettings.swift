// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How a route dials out, and where it may.
package struct DialSettings: Equatable, Sendable {
    /// Hosts that an app may have dialled: exact names or `*.host`; `nil` for any.
    package var allow: [String]?
    /// Whether loopback, link-local and private addresses are refused. Default true.
    package var denyPrivate: Bool
    /// How long it may take from the first look-up to the remote's answer. Default 10 s.
    package var timeout: Duration
    /// A PEM file with the certificates that a `wss` remote is checked against; `nil` for those of the system.
    package var caFile: String?
    /// Whether the proxies of the environment (`https_proxy`, `no_proxy` …) are used. Default true.
    package var usesProxies: Bool
    package var reconnect: ReconnectPolicy

    package init(
        allow: [String]? = nil, denyPrivate: Bool = true, timeout: Duration = .seconds(10), caFile: String? = nil, usesProxies: Bool = true,
        reconnect: ReconnectPolicy = ReconnectPolicy()
    ) {
        self.allow = allow
        self.denyPrivate = denyPrivate
        self.timeout = timeout
        self.caFile = caFile
        self.usesProxies = usesProxies
        self.reconnect = reconnect
    }
}
