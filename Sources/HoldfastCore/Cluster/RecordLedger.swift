// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The records that this node keeps for others, and what becomes of them when their node is lost: they are reported once, by the node that follows
/// the lost one in the ring, which is handed them by whoever has some and is not that node.
package struct RecordLedger: Sendable {
    /// Limits of what is kept.
    package struct Limits: Sendable {
        package var records = 1_000_000
        package var bytes = 1 << 30
        /// Ids of connections that were reported, for nodes that come back. Beyond it those of the node that was lost longest ago are forgotten.
        package var buried = 1_000_000

        package init() {}
    }

    package enum Order: Equatable, Sendable {
        case tell(NodeName, NodeMessage)
        case tellAll(NodeMessage)
        case report([ConnectionRecord], of: NodeName)
    }

    /// How long the one that reports waits for records that others have, where it does not have them all itself.
    package static let patience = Duration.seconds(1)
    /// How many records go to another node at a time, and ids to one that came back.
    package static let pageSize = 500
    /// After which time records are handed over again that nobody has said to have reported, and for how long that goes on.
    static let retryTime = Duration.seconds(5)
    static let doubtTime = Duration.seconds(300)

    let limits: Limits
    var copies: [NodeInstance: RecordCopy] = [:]
    /// What others have handed over of nodes that are not reported yet.
    var handed: [NodeInstance: [RecordCopy]] = [:]
    /// Lost nodes whose records this one will report, and when.
    var due: [NodeInstance: MonotonicTime] = [:]
    /// Lost nodes whose records another one reports.
    var elsewhere: [NodeInstance: Elsewhere] = [:]
    /// Records on their way to another node, page by page.
    var leaving: [Leaving] = []
    var buried: [NodeInstance: Buried] = [:]
    var buriedOrder: [NodeInstance] = []
    package var recordCount = 0
    package var byteCount = 0
    /// Records that were not kept for want of room.
    package var refusedCount = 0

    struct Elsewhere {
        let successor: NodeName
        /// When they were handed over first, and last.
        let first: MonotonicTime
        let last: MonotonicTime
    }

    struct Leaving {
        let lost: NodeInstance
        let to: NodeName
        let isComplete: Bool
        let listing: UInt64
        var rest: ArraySlice<ConnectionRecord>
    }

    struct Buried {
        var ids: Set<ConnectionID>
        /// Whether it is certain that there were no others.
        var isComplete: Bool
        /// How often the node, which is there again, is still to be told.
        var tellings = 0
    }

    package init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: Keeping

    /// A node that lives has something kept.
    package mutating func take(_ batch: RecordBatch, of node: NodeInstance, at now: MonotonicTime) -> [Order] {
        var copy = copies.removeValue(forKey: node) ?? RecordCopy(listing: 0)
        count(copy, -1)
        defer {
            count(copy, 1)
            if copy.listing > 0 { copies[node] = copy }
        }
        guard batch.listing >= copy.listing else { return [] }
        if batch.listing > copy.listing {
            guard batch.index == 0 else { return ask(node, &copy, at: now) }
            copy.begin(batch.listing)
        }
        // None comes behind the last place that there can be.
        guard batch.index >= copy.nextIndex, batch.index < .max else { return [] }
        let hasGap = batch.index > copy.nextIndex
        copy.nextIndex = batch.index + 1
        for change in batch.changes {
            switch change {
            case .set(let record):
                let others = (recordCount + copy.records.count, byteCount + copy.byteCount + record.bytes.readableBytes)
                guard copy.records[record.id] != nil || others.0 < limits.records, others.1 <= limits.bytes else {
                    refusedCount += 1
                    continue
                }
                copy.set(record)
            case .remove(let id): copy.remove(id)
            }
        }
        guard !hasGap, !copy.hasGap else {
            copy.hasGap = true
            return ask(node, &copy, at: now)
        }
        if batch.isComplete { copy.complete() }
        return []
    }

    /// Once a second at most.
    private func ask(_ node: NodeInstance, _ copy: inout RecordCopy, at now: MonotonicTime) -> [Order] {
        // What is asked for will come as another list, from its beginning.
        if copy.listing == 0 { copy.listing = 1 }
        copy.isComplete = false
        guard copy.askedAt.map({ now.since($0) >= .seconds(1) }) ?? true else { return [] }
        copy.askedAt = now
        return [.tell(node.name, .wantsRecords(instance: node.number))]
    }

    /// A node has another one keep its records now.
    package mutating func forget(_ node: NodeInstance, listing: UInt64) {
        guard let copy = copies[node], copy.listing <= listing else { return }
        dropCopy(of: node)
    }

    /// Nothing of a node is lost: it said farewell.
    package mutating func left(_ node: NodeInstance) { dropAll(of: node) }

    // MARK: Its own

    mutating func dropCopy(of node: NodeInstance) {
        if let copy = copies.removeValue(forKey: node) { count(copy, -1) }
    }

    mutating func dropAll(of node: NodeInstance) {
        dropCopy(of: node)
        for copy in handed.removeValue(forKey: node) ?? [] { count(copy, -1) }
        due[node] = nil
        elsewhere[node] = nil
        leaving.removeAll { $0.lost == node }
    }

    mutating func count(_ copy: RecordCopy, _ sign: Int) {
        recordCount += sign * copy.records.count
        byteCount += sign * copy.byteCount
    }
}
