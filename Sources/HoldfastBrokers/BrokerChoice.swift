// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Logging

/// Chooses the broker that the settings name. Drivers for distributed engines are added here, each in a folder of its own.
package enum BrokerChoice {
    /// - Throws: a ``BrokerError`` that says what is accepted.
    package static func make(_ settings: ClusterSettings, node: NodeName, version: String, logger: Logger) throws(BrokerError) -> any Broker {
        if settings.isMemory {
            if let fault = unusedFile(settings) { throw fault }
            return MemoryBroker(node: node)
        }
        let bus = try bus(settings, node: node, version: version, logger: logger)
        return ClusterBroker(bus: bus, settings: settings, node: node, version: version, logger: logger)
    }

    /// All that is wrong with the settings: what names no broker, and files that cannot be used or have no use.
    package static func faults(_ settings: ClusterSettings) -> [BrokerError] {
        settings.isMemory ? unusedFile(settings).map { [$0] } ?? [] : BusSettings.faults(of: settings)
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

    private static func unusedFile(_ settings: ClusterSettings) -> BrokerError? {
        let given: [(key: ClusterSettings.Key, isGiven: Bool)] = [
            (.credentialsFile, settings.credentialsFile != nil), (.caFile, settings.caFile != nil), (.certificateFile, settings.certificate != nil),
        ]
        guard let unused = given.first(where: \.isGiven) else { return nil }
        return BrokerError(.unusableFile, unused.key, "has no use: broker is memory, and this node stands alone")
    }
}

extension ClusterSettings {
    /// Several memories are none.
    fileprivate var isMemory: Bool { isAlone && brokers.count == 1 }
}
