// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Logging

/// Chooses the broker that the settings name. Drivers for distributed engines are added here, each in a folder of its own.
package enum BrokerChoice {
    /// - Throws: a ``BrokerError`` that says what is accepted.
    package static func make(_ settings: ClusterSettings, node: NodeName, version: String, logger: Logger) throws(BrokerError) -> any Broker {
        if settings.brokers == ["memory"] || settings.brokers == ["memory://"] {
            if let unused = unusedFile(settings) {
                throw BrokerError(.unusableFile, "\(unused) has no use: broker is memory, and this node stands alone")
            }
            return MemoryBroker(node: node)
        }
        let bus = try bus(settings, node: node, version: version, logger: logger)
        return ClusterBroker(bus: bus, settings: settings, node: node, version: version, logger: logger)
    }

    /// The way to the engine that the settings name.
    ///
    /// - Throws: a ``BrokerError`` that says what is accepted.
    package static func bus(_ settings: ClusterSettings, node: NodeName, version: String, logger: Logger) throws(BrokerError) -> any Bus {
        let settings = try BusSettings(settings, node: node, version: version)
        return switch settings.kind {
        case .nats: NATSBus(settings, logger: logger)
        case .redis: RedisBus(settings, logger: logger)
        }
    }

    private static func unusedFile(_ settings: ClusterSettings) -> String? {
        if settings.credentialsFile != nil { return "cluster.credentialsFile" }
        if settings.caFile != nil { return "cluster.caFile" }
        return settings.certificate == nil ? nil : "cluster.certificate"
    }
}
