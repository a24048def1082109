// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Logging

/// Chooses the broker that the settings name. Drivers for distributed engines are added here, each in a folder of its own.
package enum BrokerChoice {
    /// - Throws: a ``BrokerError`` that says what is accepted.
    package static func make(_ settings: ClusterSettings, node: NodeName, version: String, logger: Logger) throws(BrokerError) -> any Broker {
        switch settings.brokers {
        case ["memory"], ["memory://"]: return MemoryBroker(node: node)
        case let urls:
            throw BrokerError(
                .unknownBroker,
                "broker: \"\(urls.joined(separator: ", "))\" is not known to this version; accepted: memory (a node that stands alone)")
        }
    }
}
