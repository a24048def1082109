// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastBrokers
import HoldfastCore
import HoldfastServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs a gateway until a signal: logging, broker, services, and the four lines at the start.
enum GatewayRunner {
    /// - Parameters:
    ///   - others: services that live and end with the gateway.
    ///   - endsWithDials: whether it ends when no connection is left of those whose app says what to dial.
    ///   - ready: called once clients and control requests are accepted; prints the start-up lines unless given.
    static func run(
        _ plan: ServingPlan, others: [any Service] = [], endsWithDials: Bool = false,
        ready: @escaping @Sendable (GatewayConfiguration, Gateway.Addresses) -> Void = announce
    ) async throws {
        let farewell = endsWithDials ? FarewellService() : nil
        LargeBuffers.returnWhenFreed()
        let configuration = plan.configuration
        let logger = makeLogger(configuration)
        for warning in plan.warnings { logger.warning("\(warning)") }
        let broker = try BrokerChoice.make(configuration.cluster, node: configuration.node, version: Version.number, logger: logger)
        let certificates = try Certificates(configuration, logger: logger)
        let gateway = Gateway(
            configuration: configuration, broker: broker, certificates: certificates, logger: logger, dials: farewell?.dials ?? DialBook()
        ) { ready(configuration, $0) }
        // SIGPIPE would end the process when a log reader goes away.
        signal(SIGPIPE, SIG_IGN)
        var services = (others + [HangupService(certificates: certificates, logger: logger), gateway] as [any Service]).map {
            ServiceGroupConfiguration.ServiceConfiguration(service: $0)
        }
        if let farewell { services.append(.init(service: farewell, successTerminationBehavior: .gracefullyShutdownGroup)) }
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
        if let farewell = farewell?.farewell, farewell.isFault {
            Console.complain("holdfast: \(farewell.reason)")
            throw ExitCode.failure
        }
    }

    /// Where clients connect, which cluster was joined, where the control API is, what the app's URL is, and the next thing to try.
    @Sendable static func announce(_ configuration: GatewayConfiguration, _ addresses: Gateway.Addresses) {
        let path = configuration.routes.count == 1 ? example(configuration.routes[0].path) : "/"
        let control = "\(configuration.controlTLS == nil ? "http" : "https")://\(shown(addresses.control))"
        let apps = configuration.routes.map {
            "\($0.target?.description ?? "nobody is asked") (\($0.dialect.rawValue)\(configuration.routes.count > 1 ? ", \($0.host ?? "")\($0.path)" : ""))"
        }
        let clients = addresses.listen.map { "\(shown($0))\(path)" }.joined(separator: "  ")
        if !clients.isEmpty { Console.say("Clients connect to   \(clients)") }
        if let cluster = addresses.cluster {
            let others = cluster.otherNodes == 1 ? "1 other node" : "\(cluster.otherNodes) other nodes"
            Console.say("Cluster              \(cluster.server) as \(cluster.node) (\(others))")
        }
        Console.say("Control API          \(control)\(configuration.controlToken == nil ? "" : "  (token needed)")")
        Console.say("Your app is called   " + apps.joined(separator: "  "))
        let token = configuration.controlToken == nil ? "" : "-H 'authorization: Bearer …' "
        let place = configuration.routes.allSatisfy { $0.dialect == .unsocket } ? "/message" : "/v1/channels/lobby/messages"
        Console.say("Try                  curl \(token)-d hello \(control)\(place)")
    }

    static func shown(_ listen: ListenAddress) -> ListenAddress { ListenAddress(shown(listen.address), scheme: listen.scheme) }

    /// An address as one would type it.
    static func shown(_ address: HostPort) -> HostPort {
        ["", "0.0.0.0", "::"].contains(address.host) ? HostPort(host: "localhost", port: address.port) : address
    }

    private static func example(_ path: PathPattern) -> String {
        path.description.hasSuffix("*") ? String(path.description.dropLast()) : path.description
    }

    private static func makeLogger(_ configuration: GatewayConfiguration) -> Logger {
        let isTerminal = isatty(2) == 1
        let isText = configuration.logFormat == .text || (configuration.logFormat == .auto && isTerminal)
        let isColored = configuration.logColor == .always || (configuration.logColor == .auto && isTerminal)
        let level = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
        LoggingSystem.bootstrap { _ in LineLogHandler(format: isText ? (isColored ? .coloredText : .text) : .json, level: level) }
        return Logger(label: "holdfast")
    }
}
