// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One node's part in a cluster, but for the traffic itself: who is there, and the records that nodes keep for each other.
///
/// It is told what came and what the time is, and answers with orders.
package struct ClusterMachine: Sendable {
    package enum Order: Equatable, Sendable {
        case tellAll(NodeMessage)
        case tell(NodeName, NodeMessage)
        /// This node is a member now.
        case accepted
        /// This node's name is taken.
        case refused
        case joined(NodeInstance)
        case lost(NodeInstance)
        case left(NodeInstance)
        /// Another node has this one's name, and had it first.
        case clash
        /// The app is to be told that these connections have ended.
        case report([ConnectionRecord], of: NodeName)
        /// These connections of this node were reported to have ended.
        case bury([ConnectionID])
        /// Records of this node are needed; they are handed to ``ClusterMachine/fetched(_:listing:)``.
        case fetch(after: ConnectionID?, limit: Int, listing: UInt64)
    }

    package private(set) var membership: Membership
    private var sender: RecordSender
    private var ledger: RecordLedger
    private let keepsRecords: Bool
    private let lease: Duration
    private var announcement: NodeAnnouncement
    private var downSince: MonotonicTime?

    /// - Parameters:
    ///   - announcement: what this node says of itself at first.
    ///   - keepsRecords: whether the app is told of the end of a lost node's connections.
    package init(own: NodeInstance, announcement: NodeAnnouncement, keepsRecords: Bool, limits: RecordLedger.Limits = RecordLedger.Limits()) {
        membership = Membership(own: own, started: announcement.started, lease: announcement.lease)
        sender = RecordSender(checkInterval: announcement.lease / 4)
        ledger = RecordLedger(limits: limits)
        lease = announcement.lease
        self.announcement = announcement
        self.keepsRecords = keepsRecords
    }

    /// Records of others that were not kept for want of room.
    package var refusedRecords: Int { ledger.refusedCount }
    /// Records of others that are kept.
    package var keptRecords: Int { ledger.recordCount }

    // MARK: What happens

    package mutating func join(at now: MonotonicTime) -> [Order] { carryOut(membership.join(at: now), at: now) }

    package mutating func wentUp(at now: MonotonicTime) -> [Order] {
        downSince = nil
        return carryOut(membership.wentUp(at: now), at: now) + chooseGuardian(at: now)
    }

    package mutating func wentDown(at now: MonotonicTime) {
        membership.wentDown()
        if downSince == nil { downSince = now }
    }

    /// To be called every 100 ms.
    ///
    /// - Parameters:
    ///   - connections: how many this node holds.
    ///   - isDraining: whether it is shutting down.
    package mutating func tick(at now: MonotonicTime, connections: Int, isDraining: Bool) -> [Order] {
        announcement.connections = connections
        announcement.isDraining = isDraining
        var orders = carryOut(membership.tick(at: now), at: now)
        guard keepsRecords else { return orders }
        // The others take this node for lost by now: it tells them everything when it is back.
        if let downSince, now.since(downSince) >= lease { orders += sender.change(guardian: nil).map(Self.order) }
        guard downSince == nil else { return orders }
        orders += sender.tick(at: now).map(Self.order)
        return orders + ledger.tick(at: now).map(Self.order)
    }

    /// Anything came from a node.
    package mutating func heard(_ sender: NodeInstance, at now: MonotonicTime) { membership.heard(sender, at: now) }

    /// A message came that is neither traffic nor a question.
    package mutating func received(_ message: NodeMessage, from node: NodeInstance, at now: MonotonicTime) -> [Order] {
        switch message {
        case .announcement(let announcement):
            let repeated = keepsRecords ? ledger.announced(node).map(Self.order) : []
            return repeated + carryOut(membership.announced(announcement, by: node, at: now), at: now)
        case .objection(let instance): return carryOut(membership.objected(to: instance), at: now)
        case .farewell: return carryOut(membership.left(node), at: now)
        case .buried(let instance, let connections): return instance == membership.own.number && !connections.isEmpty ? [.bury(connections)] : []
        case .broadcasts, .actions, .results, .question, .answer: return []
        case .records, .forgetRecords, .wantsRecords, .handedOver, .reported: return keepsRecords ? records(message, from: node, at: now) : []
        }
    }

    package mutating func keep(_ changes: [RecordChange]) -> [Order] { keepsRecords ? sender.keep(changes).map(Self.order) : [] }

    package mutating func fetched(_ records: [ConnectionRecord], listing: UInt64) -> [Order] {
        sender.fetched(records, listing: listing).map(Self.order)
    }

    // MARK: Its own

    private mutating func records(_ message: NodeMessage, from node: NodeInstance, at now: MonotonicTime) -> [Order] {
        switch message {
        case .records(let batch): return ledger.take(batch, of: node, at: now).map(Self.order)
        case .forgetRecords(let listing): ledger.forget(node, listing: listing)
        case .wantsRecords(let instance) where instance == membership.own.number: sender.wanted(by: node)
        case .handedOver(let records):
            return ledger.take(records, isMember: membership.isMember(records.lost), at: now).map(Self.order)
        case .reported(let lost): ledger.reported(lost)
        default: break
        }
        return []
    }

    private mutating func carryOut(_ orders: [Membership.Order], at now: MonotonicTime) -> [Order] {
        var result: [Order] = []
        for order in orders {
            switch order {
            case .announce(let asks): result.append(.tellAll(.announcement(spoken(asks: asks))))
            case .answer(let name): result.append(.tell(name, .announcement(spoken(asks: false))))
            case .object(let instance): result.append(.tell(membership.own.name, .objection(instance: instance)))
            case .accepted: result += [.accepted] + chooseGuardian(at: now)
            case .refused: result.append(.refused)
            case .clash: result.append(.clash)
            case .joined(let node):
                result.append(.joined(node))
                if keepsRecords { result += ledger.joined(node).map(Self.order) }
                reconsider(at: now)
                result += chooseGuardian(at: now)
            case .lost(let node):
                result.append(.lost(node))
                ledger.lost(node, successor: membership.successor(of: node.name), own: membership.own.name, at: now)
                result += gone(node, at: now)
            case .left(let node):
                result.append(.left(node))
                ledger.left(node)
                result += gone(node, at: now)
            }
        }
        return result
    }

    private func spoken(asks: Bool) -> NodeAnnouncement {
        var announcement = announcement
        announcement.asks = asks
        announcement.isJoining = membership.state != .member
        return announcement
    }

    private mutating func gone(_ node: NodeInstance, at now: MonotonicTime) -> [Order] {
        reconsider(at: now)
        sender.gone(node)
        return chooseGuardian(at: now)
    }

    private mutating func reconsider(at now: MonotonicTime) {
        ledger.reconsider(own: membership.own.name, at: now) { [membership] in membership.successor(of: $0) }
    }

    /// Whoever follows this node in the ring keeps its records.
    private mutating func chooseGuardian(at now: MonotonicTime) -> [Order] {
        guard keepsRecords, membership.state == .member, downSince == nil else { return [] }
        let guardian = membership.successor(of: membership.own.name).flatMap { membership.instance(of: $0) }
        return sender.change(guardian: guardian).map(Self.order)
    }

    private static func order(_ order: RecordSender.Order) -> Order {
        switch order {
        case .tell(let name, let message): .tell(name, message)
        case .fetch(let cursor, let limit, let listing): .fetch(after: cursor, limit: limit, listing: listing)
        }
    }

    private static func order(_ order: RecordLedger.Order) -> Order {
        switch order {
        case .tell(let name, let message): .tell(name, message)
        case .tellAll(let message): .tellAll(message)
        case .report(let records, let name): .report(records, of: name)
        }
    }
}
