// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How this node joins others: `broker` and the section `cluster`.
package struct ClusterSettings: Equatable, Sendable {
    /// Which node tells the app of the end of a lost node's connections.
    package enum ClosingEvents: String, CaseIterable, Sendable {
        /// One of the nodes that are left.
        case survivor
        /// None: the app never hears of their end.
        case none
    }

    /// The broker's URLs: `memory` for a node that stands alone, otherwise one or more of one kind, such as `nats://host:4222`.
    package var brokers = ["memory"]
    /// Nodes of different clusters may share a broker: each cluster's subjects begin with its name. Letters, digits, `-` and `_`, at most 64.
    package var name = "holdfast"
    /// A node that has not been heard of for so long is lost. Default 10 s.
    package var lease = Duration.seconds(10)
    /// How long a channel without subscribers stays subscribed at the broker, for those who come back at once. Default 2 s.
    package var linger = Duration.seconds(2)
    /// Bytes that wait while the broker is away or slow; beyond it the oldest are dropped and counted. Default 16 MiB.
    package var queueBytes = 16 << 20
    package var closingEvents = ClosingEvents.survivor
    /// Whether new clients are welcome while the broker is away: `GET /ready` then says yes. Default `true`.
    package var readyWithoutBroker = true
    /// NATS: a file of credentials, as `nsc` writes it (user JWT and seed).
    package var credentialsFile: String?
    /// The authorities of the broker's certificate, PEM; `nil` for the system's.
    package var caFile: String?
    /// This node's own certificate, for brokers that ask for one.
    package var certificate: TLSFiles?

    package init() {}

    /// Whether there is no broker, and so no other node.
    package var isAlone: Bool { brokers.allSatisfy(Self.isMemory) }

    static func isMemory(_ broker: String) -> Bool { broker == "memory" || broker == "memory://" }
}
