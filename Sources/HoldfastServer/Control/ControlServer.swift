// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import ServiceLifecycle

/// The private HTTP port: publish, send, close, inspect, metrics, health.
package struct ControlServer: Service {
    /// A connection that says nothing for this long is closed.
    static let idleTimeout = Duration.seconds(60)

    private let hub: Hub
    private let admission: NodeAdmission
    private let group: any EventLoopGroup
    private let certificates: Certificates
    private let logger: Logger
    private let running: @Sendable (HostPort) -> Void

    /// - Parameter running: called once requests are accepted.
    package init(
        hub: Hub, admission: NodeAdmission, group: any EventLoopGroup, certificates: Certificates, logger: Logger,
        running: @escaping @Sendable (HostPort) -> Void
    ) {
        self.certificates = certificates
        self.hub = hub
        self.admission = admission
        self.group = group
        self.logger = logger
        self.running = running
    }

    /// - Throws: a ``GatewayError`` when the address cannot be had.
    package func run() async throws {
        let address = hub.configuration.control
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let running = running
        let configuration = hub.configuration
        let authorization: ControlAuthorization?
        let keys: ControlKeys
        do throws(TokenKeyError) {
            keys = try await ControlKeys(configuration.routes)
            authorization =
                if let token = configuration.controlToken {
                    try await ControlAuthorization(token: token, issuer: configuration.controlIssuer)
                } else { nil }
        } catch {
            throw GatewayError(.badKey, error.description)
        }
        let gate = Self.gate(hub: hub, authorization: authorization)
        let dialects = DialectRoutes(hub: hub, gate: gate, keys: keys)
        let quick = QuickRoutes(hub: hub, gate: gate, dialects: dialects)
        let plain = HTTPServerBuilder { ControlChannel(routes: quick, idleTimeout: Self.idleTimeout, responder: $0) }
        let application = Application(
            router: Self.router(hub: hub, admission: admission, authorization: authorization, keys: keys, certificates: certificates.all),
            server: try certificates.control.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host.isEmpty ? "0.0.0.0" : address.host, port: address.port), serverName: "holdfast",
                availableConnectionsDelegate: .maximum(admission.maxControlConnections, logger: quiet)),
            onServerRunning: { channel in
                running(HostPort(host: channel.localAddress?.ipAddress ?? address.host, port: channel.localAddress?.port ?? address.port))
            },
            eventLoopGroupProvider: .shared(group),
            logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw GatewayError.cannotListen(on: address, setting: "control.listen, --control", because: error)
        }
    }

    /// All routes, for the server and for the tests that hold them against openapi.yaml.
    ///
    /// - Parameters:
    ///   - authorization: of the configured control token; `nil` without one.
    ///   - keys: of dialects that have their own.
    package static func router(
        hub: Hub, admission: NodeAdmission, authorization: ControlAuthorization? = nil, keys: ControlKeys = .none,
        certificates: [ServerCertificate] = []
    ) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware())
        HealthRoutes(hub: hub, admission: admission).add(to: router)
        let gate = gate(hub: hub, authorization: authorization)
        let guarded = router.group().add(middleware: TokenMiddleware(gate: gate))
        guarded.get("/metrics") { _, _ in
            let page = MetricsPage.write(
                await hub.report(), configuration: hub.configuration, certificates: certificates, broker: hub.broker, version: Version.number)
            return Response(status: .ok, headers: [.contentType: "text/plain; version=0.0.4"], body: .init(byteBuffer: ByteBuffer(string: page)))
        }
        NodeRoutes(hub: hub, admission: admission).add(to: guarded)
        let opened = guarded.group().add(middleware: OpenMiddleware(hub: hub))
        ActionRoutes(hub: hub).add(to: opened)
        ChannelRoutes(hub: hub).add(to: opened)
        ConnectionRoutes(hub: hub).add(to: opened)
        DialRoutes(hub: hub).add(to: opened)
        DialectRoutes(hub: hub, gate: gate, keys: keys).add(to: router.group().add(middleware: OpenMiddleware(hub: hub)))
        return router
    }

    private static func gate(hub: Hub, authorization: ControlAuthorization?) -> ControlGate {
        let hosts = hub.configuration.routes.filter { $0.dialect == .wsaas }.compactMap { TargetURL($0.wsaas.localAddress)?.host }
        return ControlGate(authorization: authorization, knownHosts: Set(hosts))
    }
}
