// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// One running node: hub, public listeners and control API, composed and taken down in order.
package struct Gateway: Service {
    /// Told once everything listens.
    package struct Addresses: Sendable {
        /// Each with its scheme.
        package let listen: [ListenAddress]
        package let control: HostPort
        /// The cluster that it has joined; `nil` for a node that stands alone.
        package let cluster: JoinedCluster?
    }

    /// A cluster, as it was when this node joined.
    package struct JoinedCluster: Sendable {
        /// The broker's server, without credentials.
        package let server: String
        package let node: NodeName
        package let otherNodes: Int
    }

    private let configuration: GatewayConfiguration
    private let broker: any Broker
    private let certificates: Certificates
    private let logger: Logger
    private let ready: @Sendable (Addresses) -> Void
    private let dials: DialBook

    /// - Parameters:
    ///   - certificates: of the configuration.
    ///   - dials: told when no connection is left of those whose app says what to dial.
    ///   - ready: called once, when clients and control requests are accepted.
    package init(
        configuration: GatewayConfiguration, broker: any Broker, certificates: Certificates = .none, logger: Logger,
        dials: DialBook = DialBook(), ready: @escaping @Sendable (Addresses) -> Void
    ) {
        precondition((configuration.tls == nil) == (certificates.public == nil), "what is to be secret must not go in the clear")
        precondition((configuration.controlTLS == nil) == (certificates.control == nil), "what is to be secret must not go in the clear")
        self.certificates = certificates
        self.configuration = configuration
        self.broker = broker
        self.logger = logger
        self.ready = ready
        self.dials = dials
    }

    /// Runs until a graceful shutdown, then drains.
    ///
    /// - Throws: a ``GatewayError`` when it cannot start.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads ?? UsableCores.count)
        var hub: Hub?
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await run(on: group, keeping: &hub))
        } catch {
            outcome = .failure(error)
        }
        // The control API's server lets go of its last promise in a task of its own that nobody can wait for, and NIO complains where that finds no
        // loop any more.
        try? await Task.sleep(for: .milliseconds(50))
        // The last turns of the loops still look at the hub.
        try? await group.shutdownGracefully()
        withExtendedLifetime(hub) {}
        try outcome.get()
    }

    private func run(on group: MultiThreadedEventLoopGroup, keeping hub: inout Hub?) async throws {
        var proxies: [String: HTTPProxy] = [:]
        let outcome: Result<Void, any Error>
        do {
            for route in configuration.routes where route.dialect == .grip { proxies[route.name] = try HTTPProxy(route, group: group) }
            outcome = .success(try await run(on: group, proxies, keeping: &hub))
        } catch {
            outcome = .failure(error)
        }
        for proxy in proxies.values { await proxy.shutDown() }
        try outcome.get()
    }

    /// - Parameter proxies: the ways to the apps for plain requests, by the routes' names.
    private func run(on group: MultiThreadedEventLoopGroup, _ proxies: [String: HTTPProxy], keeping kept: inout Hub?) async throws {
        let loops = Array(group.makeIterator())
        let admission = makeAdmission()
        let logger = logger
        let configuration = configuration
        var shared: [SharedRoute] = []
        for route in configuration.routes { shared.append(try await SharedRoute(route, loopCount: loops.count, proxy: proxies[route.name])) }
        let routes = shared
        let hub = try await Hub(configuration: configuration, broker: broker, loops: loops, dials: dials) { index, loop in
            HubShard(index: index, loop: loop, configuration: configuration, shared: routes, admission: admission, logger: logger)
        }
        kept = hub
        let door = Door(
            hub: hub, admission: admission, group: group, tls: try certificates.public.map { try NIOSSLContext(configuration: $0.configuration) },
            logger: logger, ready: ready)
        // A node that stands alone has nothing to wait for: it says what is wrong before anything listens.
        if configuration.cluster.isAlone {
            do {
                guard try await door.open() else { return await broker.leave() }
            } catch {
                await broker.leave()
                throw error
            }
        }
        let control = ControlServer(hub: hub, admission: admission, group: group, certificates: certificates, logger: logger) {
            door.controlListens(at: $0)
        }
        let clients = ClientService(door: door, drain: Drain(hub: hub, admission: admission, logger: logger))
        // Services end in reverse order: the door closes first, and the control API answers until the last connection is gone; also where the
        // door could not be opened, for whoever is just asking.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: control), .init(service: clients, failureTerminationBehavior: .gracefullyShutdownGroup),
        ]
        services += certificates.all.map { .init(service: $0.reloader) }
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await ServiceGroup(configuration: .init(services: services, logger: logger)).run())
        } catch {
            outcome = .failure(error)
        }
        await broker.leave()
        try outcome.get()
    }

    /// The public listeners, from when the cluster is joined until the last client has left.
    private struct ClientService: Service {
        let door: Door
        let drain: Drain

        func run() async throws {
            guard try await door.open() else { return }
            try await DialService(hub: drain.hub).begin()
            try? await gracefulShutdown()
            await door.close()
            await drain.run()
        }
    }

    private func makeAdmission() -> NodeAdmission {
        let openFiles = OpenFileLimit.raise()
        // Plain requests have as many connections to the app for themselves.
        let webhooks = configuration.routes.reduce(0) { $0 + ($1.target == nil ? 0 : $1.webhook.concurrency * ($1.dialect == .grip ? 2 : 1)) }
        let plan = OpenFileLimit.plan(openFiles: openFiles, webhooks: webhooks)
        if let wanted = configuration.maxConnections, wanted > plan.connections {
            logger.warning(
                "maxConnections is more than the limit of open files allows; raise it with ulimit -n or LimitNOFILE",
                metadata: [LogKey.count: "\(plan.connections)"])
        }
        return NodeAdmission(configuration, files: plan)
    }
}
