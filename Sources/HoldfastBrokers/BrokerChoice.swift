// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore

/// Chooses the broker that a URL names. Drivers for distributed engines are added here, each in a folder of its own.
package enum BrokerChoice {
    /// - Throws: a ``BrokerError`` that says what is accepted.
    package static func make(_ url: String, node: NodeName) throws(BrokerError) -> any Broker {
        switch url {
        case "memory", "memory://": return MemoryBroker(node: node)
        default:
            throw BrokerError(.unknownBroker, "broker: \"\(url)\" is not known to this version; accepted: memory (a node that stands alone)")
        }
    }
}
