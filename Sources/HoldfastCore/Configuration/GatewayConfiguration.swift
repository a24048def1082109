// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Everything that one node is told at start-up.
package struct GatewayConfiguration: Equatable, Sendable {
    package enum LogFormat: String, CaseIterable, Sendable {
        /// Text when standard error is a terminal, otherwise JSON.
        case auto
        case json
        case text
    }

    package enum LogLevel: String, CaseIterable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }

    package enum LogColor: String, CaseIterable, Sendable {
        /// When standard error is a terminal.
        case auto
        case always
        case never
    }

    package var node = NodeName.standalone
    /// Whether the node is to be given a name of its own at the start: it joins others, and was given none.
    package var drawsNode = false
    /// Event loops; `nil` for one per core.
    package var threads: Int?
    package var listen = [ListenAddress(HostPort(host: "", port: 8080))]
    /// The certificate of the public listeners; `nil` for none.
    package var tls: TLSFiles?
    package var control = HostPort(host: "127.0.0.1", port: 8081)
    package var controlToken: String?
    /// The `iss` that a token signed with ``controlToken`` must have, and the user's name in Basic authorization; `nil` for any.
    package var controlIssuer: String?
    /// The certificate of the control API; `nil` for none.
    package var controlTLS: TLSFiles?
    /// The authority whose certificates clients of the control API must show; `nil` where they need none.
    package var controlClientCaFile: String?
    /// How it joins other nodes.
    package var cluster = ClusterSettings()
    package var logLevel = LogLevel.info
    package var logFormat = LogFormat.auto
    package var logColor = LogColor.auto
    /// How long a shutdown may take. Default 30 s.
    package var drainDeadline = Duration.seconds(30)
    /// Over how long the closing of connections is spread at shutdown, so that clients do not all come back at once. Default 2 s.
    package var drainSpread = Duration.seconds(2)
    /// Connections on this node; `nil` for what the limit of open files allows.
    package var maxConnections: Int?
    /// Connections of one source address; `nil` for any number. Beyond it: 429.
    package var maxConnectionsPerAddress: Int?
    /// Connects of one source address over time; `nil` for any number. Beyond it: 429.
    package var connectRatePerAddress: ConnectRate?
    /// The longest head of an opening request, in bytes. Beyond it: 431. Default 16 KiB.
    package var maxHeadBytes = 16 << 10
    /// How long a client may take to send its opening request. Beyond it: 408. Default 10 s.
    package var handshakeTimeout = Duration.seconds(10)
    package var routes: [RouteConfiguration] = []

    package init() {}

    /// Whether clients speak TLS at an address.
    package func isTLS(_ address: ListenAddress) -> Bool { address.scheme.map { $0 == .wss } ?? (tls != nil) }
}
