// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Who belongs to the cluster, as one node sees it.
///
/// There is no store and no leader: each node says at intervals that it is there, and takes those for lost of whom it has not heard for their lease.
/// It judges only while its own way to the others has been up for as long, and it has been looking all the time: a process that stood still, stopped
/// or with its machine, has much to read before it knows who has been silent.
///
/// When the way to the others comes back, they may still be on their own way back: what was sent to them at once would be lost. So for a moment
/// it waits for a sign of each (``isWaiting``).
package struct Membership: Sendable {
    package enum State: Equatable, Sendable {
        case outside
        /// Asks whether its name is free: since then, or as soon as there is a way to the others.
        case asking(since: MonotonicTime?)
        case member
        /// The name belongs to another.
        case refused
    }

    package enum Order: Equatable, Sendable {
        /// Every node is told of this one.
        ///
        /// - Parameter asks: whether each is to say at once that it is there.
        case announce(asks: Bool)
        /// One node is told of this one.
        case answer(NodeName)
        /// An instance of this node's own name is told that the name is taken.
        case object(UInt64)
        /// This node is a member.
        case accepted
        /// This node cannot join: its name is taken.
        case refused
        case joined(NodeInstance)
        case lost(NodeInstance)
        case left(NodeInstance)
        /// Another node has this one's name, and had it first. Once a minute while it lasts.
        case clash
    }

    private struct Peer {
        let instance: UInt64
        var lease: Duration
        var heardAt: MonotonicTime
        var announcement: NodeAnnouncement
        /// Another instance of that name, which asked to join: when it is a member, this one is gone.
        var challenger: UInt64?
    }

    /// How long another node of this one's name has to object.
    package static let objectionTime = Duration.milliseconds(500)
    /// Between two complaints about a clash.
    private static let complaintInterval = Duration.seconds(60)
    /// How long the others are waited for when the way to them is back: about as long as they wait between two attempts.
    package static let returnTime = Duration.milliseconds(2500)

    package let own: NodeInstance
    private let started: UInt64
    private let lease: Duration
    package private(set) var state = State.outside
    private var upSince: MonotonicTime?
    private var nextAnnouncement: MonotonicTime?
    private var peers: [NodeName: Peer] = [:]
    /// This node and its peers, in order.
    private var ring: [NodeName]
    /// The other node of this one's name, and when it was heard last.
    private var rival: (instance: UInt64, heardAt: MonotonicTime)?
    private var nextComplaint: MonotonicTime?
    private var tickedAt: MonotonicTime?
    /// Nodes that may not have a way to this one yet, and how long they are waited for.
    private var awaited: Set<NodeName> = []
    private var awaitedUntil: MonotonicTime?

    /// - Parameter started: in milliseconds since 1970.
    package init(own: NodeInstance, started: UInt64, lease: Duration) {
        self.own = own
        self.started = started
        self.lease = lease
        ring = [own.name]
    }

    /// The other nodes, by name.
    package var members: [NodeMember] {
        ring.compactMap { name in
            peers[name].map {
                NodeMember(
                    name: name, instance: $0.instance, version: $0.announcement.version, connections: $0.announcement.connections,
                    isDraining: $0.announcement.isDraining)
            }
        }
    }

    /// The node that has that name now; `nil` for this one and for those that are not there.
    package func instance(of name: NodeName) -> NodeInstance? { peers[name].map { NodeInstance(name, $0.instance) } }

    /// Whether that run of a node is a member.
    package func isMember(_ instance: NodeInstance) -> Bool { peers[instance.name]?.instance == instance.number }

    /// Whether another node had this one's name first.
    package var hasClash: Bool { rival != nil }

    /// Whether what is for others had better wait: some of them may not hear yet.
    package var isWaiting: Bool { !awaited.isEmpty }

    /// The node that follows a name in the ring of names, whether that name is there or not: it keeps the records of its node. `nil` where
    /// there is no other.
    package func successor(of name: NodeName) -> NodeName? {
        let next = ring.first { $0.description > name.description } ?? ring.first
        guard let next, next != name else { return nil }
        return next
    }

    // MARK: What happens

    package mutating func join(at now: MonotonicTime) -> [Order] {
        guard state == .outside else { return [] }
        state = .asking(since: upSince == nil ? nil : now)
        return upSince == nil ? [] : [.announce(asks: false)]
    }

    /// The way to the others is there, or there again.
    package mutating func wentUp(at now: MonotonicTime) -> [Order] {
        upSince = now
        switch state {
        case .outside, .refused: return []
        case .asking: state = .asking(since: now)
        case .member:
            nextAnnouncement = now + lease / 4
            awaited = Set(peers.keys)
            awaitedUntil = now + Self.returnTime
        }
        return [.announce(asks: state == .member)]
    }

    package mutating func wentDown() {
        upSince = nil
        awaited = []
        if case .asking = state { state = .asking(since: nil) }
    }

    package mutating func tick(at now: MonotonicTime) -> [Order] {
        defer { tickedAt = now }
        guard upSince != nil else { return [] }
        // It stood still: what the others have said meanwhile is yet to be read. Less than this cannot have made anybody look lost.
        if let tickedAt, now.since(tickedAt) >= lease / 2 { upSince = now }
        if let awaitedUntil, awaitedUntil <= now {
            awaited = []
            self.awaitedUntil = nil
        }
        var orders: [Order] = []
        switch state {
        case .outside, .refused: return []
        case .asking(let since):
            guard let since, now.since(since) >= Self.objectionTime else { return [] }
            state = .member
            nextAnnouncement = now + lease / 4
            orders = [.accepted, .announce(asks: false)]
        case .member:
            if let next = nextAnnouncement, next <= now {
                nextAnnouncement = now + lease / 4
                orders = [.announce(asks: false)]
            }
        }
        if let rival {
            if now.since(rival.heardAt) >= lease {
                self.rival = nil
            } else if nextComplaint.map({ $0 <= now }) ?? true {
                nextComplaint = now + Self.complaintInterval
                orders.append(.clash)
            }
        }
        for name in ring {
            guard let upSince, let peer = peers[name], now.since(upSince) >= peer.lease, now.since(peer.heardAt) >= peer.lease else { continue }
            remove(name)
            orders.append(.lost(NodeInstance(name, peer.instance)))
        }
        return orders
    }

    /// Anything came from that node.
    package mutating func heard(_ sender: NodeInstance, at now: MonotonicTime) {
        guard peers[sender.name]?.instance == sender.number else { return }
        peers[sender.name]?.heardAt = now
        awaited.remove(sender.name)
    }

    package mutating func announced(_ announcement: NodeAnnouncement, by sender: NodeInstance, at now: MonotonicTime) -> [Order] {
        guard sender.name != own.name else { return ownNameHeard(announcement, sender.number, at: now) }
        guard var peer = peers[sender.name] else {
            guard !announcement.isJoining else { return answer(sender.name) }
            add(sender, announcement, at: now)
            return [.joined(sender)] + answer(sender.name)
        }
        guard peer.instance != sender.number else {
            peer.heardAt = now
            peer.lease = announcement.lease
            peer.announcement = announcement
            peers[sender.name] = peer
            return announcement.asks ? answer(sender.name) : []
        }
        guard !announcement.isJoining else {
            peers[sender.name]?.challenger = sender.number
            return answer(sender.name)
        }
        // It asked whether the name was free, and none objected: the other is gone. One that did not ask within our hearing may be of the other half
        // of a split, with the one that we know still there.
        guard peer.challenger == sender.number else { return [] }
        let before = NodeInstance(sender.name, peer.instance)
        remove(sender.name)
        add(sender, announcement, at: now)
        return [.lost(before), .joined(sender)] + answer(sender.name)
    }

    /// A node of this one's name says that an instance cannot join.
    package mutating func objected(to instance: UInt64) -> [Order] {
        guard instance == own.number, case .asking = state else { return [] }
        state = .refused
        return [.refused]
    }

    package mutating func left(_ sender: NodeInstance) -> [Order] {
        if sender.name == own.name, sender.number == rival?.instance { rival = nil }
        guard isMember(sender) else { return [] }
        remove(sender.name)
        return [.left(sender)]
    }

    // MARK: Its own

    private mutating func ownNameHeard(_ announcement: NodeAnnouncement, _ number: UInt64, at now: MonotonicTime) -> [Order] {
        guard number != own.number else { return [] }
        let isOlder = (announcement.started, number) < (started, own.number)
        switch state {
        case .outside, .refused: return []
        case .asking:
            guard isOlder || !announcement.isJoining else { return [.object(number)] }
            state = .refused
            return [.refused]
        case .member:
            if announcement.isJoining { return [.object(number)] }
            if isOlder { rival = (number, now) }
            return []
        }
    }

    /// One that is no member yet says nothing of itself but its question.
    private func answer(_ name: NodeName) -> [Order] { state == .member ? [.answer(name)] : [] }

    private mutating func add(_ instance: NodeInstance, _ announcement: NodeAnnouncement, at now: MonotonicTime) {
        peers[instance.name] = Peer(instance: instance.number, lease: announcement.lease, heardAt: now, announcement: announcement)
        let place = ring.firstIndex { $0.description > instance.name.description } ?? ring.endIndex
        ring.insert(instance.name, at: place)
    }

    private mutating func remove(_ name: NodeName) {
        peers[name] = nil
        awaited.remove(name)
        ring.removeAll { $0 == name }
    }
}
