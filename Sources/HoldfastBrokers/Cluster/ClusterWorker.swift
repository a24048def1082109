// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// A broker's part on its event loop: carries what lies on the desk to the bus, and what the bus brings to the inbox; does as ``ClusterMachine`` says.
final class ClusterWorker {
    let broker: ClusterBroker
    let inbox: any BrokerInbox
    let loop: any EventLoop
    private let joined: EventLoopPromise<Void>
    var machine: ClusterMachine
    private var interest: InterestBook
    var requests = RequestBook<ClusterWaiting>()
    var senders = SenderBook()
    private var ticking: RepeatedTask?
    private var items: [ClusterDesk.Item] = []
    /// Whether what is for other nodes waits until they can hear it.
    private var isHolding = false
    private(set) var hasLeft = false
    var log: ClusterLog

    static let tick = TimeAmount.milliseconds(100)

    init(_ broker: ClusterBroker, inbox: any BrokerInbox, loop: any EventLoop, joined: EventLoopPromise<Void>) {
        self.broker = broker
        self.inbox = inbox
        self.loop = loop
        self.joined = joined
        log = ClusterLog(broker.logger)
        machine = ClusterMachine(own: broker.own, announcement: broker.announcement, keepsRecords: broker.settings.closingEvents == .survivor)
        interest = InterestBook(linger: broker.settings.linger)
    }

    var now: MonotonicTime { MonotonicTime(nanoseconds: Int64(loop.now.uptimeNanoseconds)) }

    func start() {
        broker.bus.subscribe([broker.subject.all, broker.subject.node(broker.node)])
        carryOut(machine.join(at: now))
        drain()
        let worker = NIOLoopBound(self, eventLoop: loop)
        ticking = loop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in worker.value.tick() }
    }

    /// - Parameter items: what lies on the desk.
    func stop(leaving items: [ClusterDesk.Item]) {
        ticking?.cancel()
        for waiting in requests.closeAll() { waiting.giveUp() }
        for case .request(let request, _) in items { request.waiting.giveUp() }
        joined.fail(CancellationError())
    }

    func changed(isUp: Bool) {
        guard !hasLeft else { return }
        if isUp { carryOut(machine.wentUp(at: now)) } else { machine.wentDown(at: now) }
        holdOrLetGo()
    }

    /// The engine does not carry what this node publishes.
    func refused(_ why: String) {
        // A node that cannot ask whether its name is free is of no use to the others, nor are they to it.
        guard case .asking = machine.membership.state else { return }
        joined.fail(BrokerError(.refused, "the broker does not let this node publish: \(why)"))
    }

    /// While others may not hear yet, what is for them waits.
    func holdOrLetGo() {
        let isWaiting = machine.membership.isWaiting
        guard isWaiting != isHolding else { return }
        isHolding = isWaiting
        broker.update { $0.isHeld = isWaiting }
        broker.bus.hold(isWaiting)
    }

    /// Sends what lies on the desk, and says no more.
    func leave() {
        drain()
        hasLeft = true
        ticking?.cancel()
    }

    // MARK: Out

    /// Carries what lies on the desk to the bus.
    func drain() {
        broker.takeItems(keeping: &items)
        var messages: [BusMessage] = []
        messages.reserveCapacity(items.count)
        var subjects: [String] = []
        var changes: [RecordChange] = []
        for item in items {
            switch item {
            case .message(let message): messages.append(message)
            case .request(let request, let message):
                if requests.open(request.number, request.waiting, to: request.node, at: now) {
                    messages.append(message)
                } else {
                    request.waiting.giveUp()
                }
            case .began(let channel): if interest.began(channel) { subjects.append(broker.subject.channel(channel)) }
            case .ended(let channel): interest.ended(channel, at: now)
            case .keep(let more): changes += more
            }
        }
        items.removeAll(keepingCapacity: items.count < 4_096)
        if !subjects.isEmpty {
            broker.bus.subscribe(subjects)
            countChannels()
        }
        if !messages.isEmpty { broker.bus.publish(messages) }
        if !changes.isEmpty { carryOut(machine.keep(changes)) }
    }

    private func countChannels() {
        let count = interest.count
        broker.update { $0.counts.channels = count }
    }

    // MARK: Time

    private func tick() {
        let now = now
        for waiting in requests.due(at: now) { waiting.giveUp() }
        let unwanted = interest.due(at: now)
        if !unwanted.isEmpty {
            broker.bus.unsubscribe(unwanted.map(broker.subject.channel))
            countChannels()
        }
        let standing = inbox.standing
        defer { holdOrLetGo() }
        carryOut(machine.tick(at: now, connections: standing.connections, isDraining: standing.isDraining))
        let hasClash = machine.membership.hasClash
        broker.update { desk in
            if desk.state == .joined || desk.state == .clashing { desk.state = hasClash ? .clashing : .joined }
        }
        log.refusedRecords(machine.refusedRecords, at: now)
    }

    // MARK: Orders

    func carryOut(_ orders: [ClusterMachine.Order]) {
        for order in orders { carryOut(order) }
    }

    private func carryOut(_ order: ClusterMachine.Order) {
        switch order {
        case .tellAll(let message): broker.tell(message, broker.subject.all)
        case .tell(let name, let message): broker.tell(message, broker.subject.node(name))
        case .accepted:
            broker.update { $0.state = .joined }
            noteMembers()
            log.joinedCluster(broker.name, as: broker.node)
            joined.succeed()
        case .refused:
            joined.fail(BrokerError(.nameTaken, "another node is named \(broker.node); give this one a name of its own (node, --node)"))
        case .joined(let node): noteArrival(node)
        case .lost(let node):
            noteEnd(node)
            log.lost(node.name)
        case .left(let node):
            noteEnd(node)
            log.left(node.name)
        case .clash: log.clash()
        case .report(let records, let name):
            log.reporting(records.count, of: name)
            inbox.lost(records, of: name)
        case .bury(let connections): inbox.buried(connections)
        case .fetch(let cursor, let limit, let listing): fetch(cursor, limit, listing)
        }
    }

    func noteMembers() {
        let members = machine.membership.members
        broker.update { desk in
            desk.members = members
            desk.names = Set(members.map(\.name))
        }
    }

    private func noteArrival(_ node: NodeInstance) {
        noteMembers()
        log.joined(node.name)
    }

    private func noteEnd(_ node: NodeInstance) {
        noteMembers()
        for waiting in requests.gone(node.name) { waiting.giveUp() }
    }

    private func fetch(_ cursor: ConnectionID?, _ limit: Int, _ listing: UInt64) {
        let worker = NIOLoopBound(self, eventLoop: loop)
        Task { [inbox, loop] in
            let records = await inbox.records(after: cursor, limit: limit)
            loop.execute { worker.value.carryOut(worker.value.machine.fetched(records, listing: listing)) }
        }
    }
}
