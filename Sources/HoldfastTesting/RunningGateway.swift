// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastServer
import Logging
import ServiceLifecycle

/// A whole gateway in this process, on free loopback ports.
package struct RunningGateway: Sendable {
    /// Where clients connect.
    package let port: Int
    /// Where the control API is.
    package let control: Int

    /// Runs a gateway while `body` runs, then drains it.
    ///
    /// - Parameters:
    ///   - target: the app's URL, for one route of every path.
    ///   - adjust: last changes to the configuration.
    package static func running<Value: Sendable>(
        _ target: String, broker: (any Broker)? = nil, adjust: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningGateway) async throws -> Value
    ) async throws -> Value {
        var configuration = GatewayConfiguration()
        configuration.listen = [ListenAddress(HostPort(host: "127.0.0.1", port: 0))]
        configuration.control = HostPort(host: "127.0.0.1", port: 0)
        configuration.threads = 2
        configuration.drainSpread = .milliseconds(10)
        configuration.node = broker?.node ?? .standalone
        guard let url = TargetURL(target) else { throw Overdue(what: "\(target) is a URL") }
        configuration.routes = [RouteConfiguration(name: "default", path: .all, dialect: .json, target: url)]
        adjust(&configuration)

        let (starts, announce) = AsyncStream.makeStream(of: RunningGateway.self)
        let logger = Logger(label: "gateway", factory: { _ in SwiftLogNoOpLogHandler() })
        let gateway = Gateway(configuration: configuration, broker: broker ?? MemoryBroker(node: .standalone), logger: logger) { addresses in
            announce.yield(RunningGateway(port: addresses.listen[0].address.port, control: addresses.control.port))
        }
        let group = ServiceGroup(configuration: .init(services: [.init(service: gateway)], logger: logger))
        async let served: Void = {
            defer { announce.finish() }
            try await group.run()
        }()
        for await started in starts {
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(started))
            } catch {
                outcome = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await served
            return try outcome.get()
        }
        // It ended before it was ready.
        try await served
        throw Overdue(what: "the gateway starts")
    }
}
