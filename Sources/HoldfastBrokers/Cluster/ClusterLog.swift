// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging

/// What an operator reads about the other nodes. What may be said again and again is, once a minute.
struct ClusterLog {
    private let logger: Logger
    private var strange = LogGate(every: .seconds(60))
    private var refusals = LogGate(every: .seconds(60))
    private var reportedRefusals = 0

    init(_ logger: Logger) { self.logger = logger }

    func joinedCluster(_ broker: String, as node: NodeName) {
        logger.info("joined the cluster", metadata: [LogKey.broker: "\(broker)", LogKey.node: "\(node)"])
    }

    func joined(_ node: NodeName) { logger.info("a node joined", metadata: [LogKey.node: "\(node)"]) }

    func left(_ node: NodeName) { logger.info("a node left", metadata: [LogKey.node: "\(node)"]) }

    func lost(_ node: NodeName) { logger.warning("a node was lost", metadata: [LogKey.node: "\(node)"]) }

    func clash() {
        logger.error("another node has this node's name and was here first; give this one a name of its own (node, --node)")
    }

    func reporting(_ count: Int, of node: NodeName) {
        logger.info("telling the app of the end of a lost node's connections", metadata: [LogKey.node: "\(node)", LogKey.count: "\(count)"])
    }

    mutating func notUnderstood(_ error: NodeMessageError, on subject: String, at now: MonotonicTime) {
        guard let held = strange.pass(at: now) else { return }
        logger.warning(
            "a message of another node is not understood",
            metadata: [LogKey.error: "\(error)", LogKey.subject: "\(subject)", LogKey.count: "\(held + 1)"])
    }

    /// - Parameter count: of records that were not kept since the start.
    mutating func refusedRecords(_ count: Int, at now: MonotonicTime) {
        guard count > reportedRefusals, refusals.pass(at: now) != nil else { return }
        logger.warning(
            "records of other nodes' connections are not kept: there is no room", metadata: [LogKey.count: "\(count - reportedRefusals)"])
        reportedRefusals = count
    }
}
