// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Whether a balancer should send clients here.
package enum Readiness: String, Equatable, Sendable {
    case ready
    case draining
    /// It has not joined its cluster yet.
    case starting
    /// The broker is away, and that counts here.
    case noBroker = "no broker"

    /// How long a broker may be away before it counts: brokers are restarted.
    package static let grace = Duration.seconds(5)

    /// A node without its broker serves its own clients as before, and what an app sends to a client of another node fails either way. All nodes lose
    /// a broker at the same moment: were they all to say no, a balancer would have nowhere to go, and one failure would become a greater one. So
    /// the broker counts only where the configuration says so.
    ///
    /// - Parameter absence: how long the broker has been away.
    package init(isDraining: Bool, isOpen: Bool, absence: Duration?, cluster: ClusterSettings) {
        if isDraining {
            self = .draining
        } else if !isOpen {
            self = .starting
        } else if let absence, absence > Self.grace, !cluster.readyWithoutBroker {
            self = .noBroker
        } else {
            self = .ready
        }
    }
}
