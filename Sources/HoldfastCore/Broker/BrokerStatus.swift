// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How a broker does: for readiness, metrics and the list of nodes.
package struct BrokerStatus: Equatable, Sendable {
    /// Whether other nodes can be reached right now.
    package var isUp: Bool
    /// Where it is connected to, without credentials; `nil` where it is not, or has nowhere to connect to.
    package var server: String?
    /// What went wrong last, in one sentence; `nil` while it is up.
    package var problem: String?
    /// Messages between nodes since the start, by what became of them.
    package var sent = 0
    package var received = 0
    /// Messages that did not fit into the queue while the broker was away or slow, or are larger than it carries.
    package var dropped = 0
    /// Messages that came a second time and were not delivered again.
    package var repeated = 0
    /// Messages of a version or kind that this node does not know.
    package var notUnderstood = 0
    /// Bytes that wait to be sent.
    package var queuedBytes = 0
    /// How often the connection to the broker came back.
    package var reconnects = 0
    /// Channels that this node has asked the broker for.
    package var channels = 0

    package init(isUp: Bool) { self.isUp = isUp }
}
