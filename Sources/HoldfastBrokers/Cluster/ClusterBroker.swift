// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import HoldfastCore
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import Synchronization

/// Joins nodes over a ``Bus``: the same rules for every engine.
///
/// Whoever calls it encodes on its own thread, and leaves the bytes on a desk behind a short lock; ``ClusterWorker`` on the bus's loop does the rest.
package final class ClusterBroker: Broker {
    package let node: NodeName
    let bus: any Bus
    let settings: ClusterSettings
    let logger: Logger
    let own: NodeInstance
    let announcement: NodeAnnouncement
    let subject: Subject
    let writer: NodeMessageWriter
    private let desk: NIOLockedValueBox<ClusterDesk>
    private let requests = Atomic<UInt64>(1)

    /// About how many bytes of publications or actions go into one message.
    static let messageBytes = 256 << 10

    package convenience init(bus: any Bus, settings: ClusterSettings, node: NodeName, version: String, logger: Logger) {
        let started = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        self.init(
            bus: bus, settings: settings, own: NodeInstance(node, .random(in: 1 ... .max)), started: started, version: version, logger: logger)
    }

    /// - Parameter started: in milliseconds since 1970.
    init(bus: any Bus, settings: ClusterSettings, own: NodeInstance, started: UInt64, version: String, logger: Logger) {
        node = own.name
        self.bus = bus
        self.settings = settings
        desk = NIOLockedValueBox(ClusterDesk(maxBytes: settings.queueBytes))
        self.logger = logger
        self.own = own
        let lease = min(max(settings.lease, NodeAnnouncement.leases.lowerBound), NodeAnnouncement.leases.upperBound)
        announcement = NodeAnnouncement(started: started, lease: lease, version: version)
        subject = Subject(cluster: settings.name)
        writer = NodeMessageWriter(sender: own)
    }

    package var name: String { bus.name }

    package var members: [NodeMember] { desk.withLockedValue(\.members) }

    package var status: BrokerStatus {
        let bus = bus.status
        let (state, counts) = desk.withLockedValue { ($0.state, $0.counts) }
        var status = BrokerStatus(isUp: state == .joined && bus.isUp)
        status.server = bus.server
        let trouble = bus.isUp ? nil : bus.problem ?? "the connection to the broker is down"
        // Who has not joined for want of a broker wants to know what is wrong with that.
        status.problem = state == .joining ? trouble ?? state.problem(of: node) : state.problem(of: node) ?? trouble
        status.sent = counts.sent
        status.received = counts.received
        status.repeated = counts.repeated
        status.notUnderstood = counts.notUnderstood
        status.channels = counts.channels
        status.dropped = bus.dropped + counts.dropped
        status.queuedBytes = bus.queuedBytes
        status.reconnects = bus.reconnects
        return status
    }

    // MARK: Coming and going

    package func join(_ inbox: any BrokerInbox, on loop: any EventLoop) async throws {
        let joined = loop.makePromise(of: Void.self)
        let isFirst = try await loop.submit {
            let worker = NIOLoopBound(ClusterWorker(self, inbox: inbox, loop: loop, joined: joined), eventLoop: loop)
            let isFirst = self.desk.withLockedValue { desk in
                guard desk.state == .outside else { return false }
                desk.state = .joining
                desk.worker = worker
                desk.loop = loop
                return true
            }
            if isFirst { worker.value.start() }
            return isFirst
        }.get()
        guard isFirst else {
            joined.fail(CancellationError())
            throw BrokerError(.refused, "the broker has joined already")
        }
        do {
            try await bus.start(on: loop, self)
            try await withTaskCancellationHandler {
                try await joined.futureResult.get()
            } onCancel: {
                joined.fail(CancellationError())
            }
        } catch {
            joined.fail(error)
            await stop(on: loop)
            throw error
        }
    }

    package func leave() async {
        guard let loop = desk.withLockedValue(\.loop) else { return }
        // Without a way to the others it would only lie there.
        if bus.status.isUp { tell(.farewell, subject.all) }
        try? await loop.submit { self.worker?.leave() }.get()
        await stop(on: loop)
    }

    private func stop(on loop: any EventLoop) async {
        await bus.stop()
        try? await loop.submit {
            // At one stroke: what comes later is told that nobody is there.
            let (worker, items) = self.desk.withLockedValue { desk in
                defer { desk.close() }
                return (desk.worker, desk.items)
            }
            worker?.value.stop(leaving: items)
        }.get()
    }

    // MARK: Traffic

    package func began(_ channel: ChannelName) { post { $0.add(.began(channel)) } }

    package func ended(_ channel: ChannelName) { post { $0.add(.ended(channel)) } }

    package func broadcast(_ broadcasts: [Broadcast]) {
        var rest = broadcasts[...]
        while let first = rest.first {
            // Those for one channel that follow one another go out in one message.
            var end = rest.startIndex + 1
            var room = end < rest.endIndex ? first.room : 0
            while end < rest.endIndex, rest[end].channel == first.channel {
                room += rest[end].room
                guard room <= Self.messageBytes else { break }
                end += 1
            }
            var bytes = writer.bytes(of: rest[..<end])
            let subject = subject.channel(first.channel)
            rest = rest[end...]
            post { $0.add(&bytes, to: subject, self.writer) }
        }
    }

    package func send(_ actions: [Action], to node: NodeName, answer: (@Sendable ([ActionResult]) -> Void)?) {
        guard !actions.isEmpty else { return answer?([]) ?? () }
        guard let answer else {
            // Nobody waits for these, so they may wait.
            guard isKnown(node) else { return }
            for part in parts(of: actions) { tell(.actions(request: 0, Array(part)), subject.node(node)) }
            return
        }
        if let verdict = verdict(on: node) { return answer(actions.map { _ in verdict }) }
        let parts = parts(of: actions)
        guard parts.count > 1 else { return order(actions[...], node, answer) }
        let gathered = NIOLockedValueBox<(results: [[ActionResult]], left: Int)>((parts.map { _ in [] }, parts.count))
        for (place, part) in parts.enumerated() {
            order(part, node) { results in
                let all = gathered.withLockedValue { gathered -> [ActionResult]? in
                    gathered.results[place] = results
                    gathered.left -= 1
                    return gathered.left == 0 ? gathered.results.flatMap(\.self) : nil
                }
                if let all { answer(all) }
            }
        }
    }

    package func ask(_ question: NodeQuestion, of node: NodeName) async -> NodeAnswer? {
        guard verdict(on: node) == nil else { return nil }
        return await withCheckedContinuation { waiting in
            let number = requests.add(1, ordering: .relaxed).oldValue
            request(number, .answer(nil) { waiting.resume(returning: $0) }, .question(request: number, question), to: node)
        }
    }

    package func keep(_ changes: [RecordChange]) {
        guard settings.closingEvents == .survivor, !changes.isEmpty else { return }
        post { $0.add(.keep(changes)) }
    }

    // MARK: Its own

    /// What becomes of anything that is for a node, where that is known at once.
    private func verdict(on node: NodeName) -> ActionResult? {
        let (isKnown, isOpen) = desk.withLockedValue { ($0.names.contains(node), ($0.state == .joined || $0.state == .clashing) && !$0.isHeld) }
        guard isOpen, bus.status.isUp else { return .unreachable }
        return isKnown ? nil : .notFound
    }

    private func isKnown(_ node: NodeName) -> Bool { desk.withLockedValue { $0.names.contains(node) } }

    private func order(_ actions: ArraySlice<Action>, _ node: NodeName, _ answer: @escaping @Sendable ([ActionResult]) -> Void) {
        let number = requests.add(1, ordering: .relaxed).oldValue
        request(number, .results(count: actions.count, answer), .actions(request: number, Array(actions)), to: node)
    }

    private func request(_ number: UInt64, _ waiting: ClusterWaiting, _ message: NodeMessage, to node: NodeName) {
        var bytes: ByteBuffer
        do throws(NodeMessageError) {
            bytes = try writer.bytes(of: message)
        } catch {
            return waiting.refuse(error.description)
        }
        let limit = bus.status.messageLimit
        guard bytes.readableBytes <= limit else {
            return waiting.refuse("it takes \(bytes.readableBytes) bytes between nodes, and the broker carries \(limit) at most")
        }
        let subject = subject.node(node)
        let request = ClusterDesk.Request(number: number, waiting: waiting, node: node)
        let isTaken = post { $0.add(&bytes, to: subject, self.writer, isFleeting: true, for: request) }
        if !isTaken { waiting.giveUp() }
    }

    /// Sends what nobody waits for.
    func tell(_ message: NodeMessage, _ subject: String) {
        guard var bytes = try? writer.bytes(of: message) else { return }
        post { $0.add(&bytes, to: subject, self.writer, isFleeting: message.isFleeting, isUrgent: message.isUrgent) }
    }

    /// Actions in pieces of a message each.
    private func parts(of actions: [Action]) -> [ArraySlice<Action>] {
        var parts: [ArraySlice<Action>] = []
        var start = 0
        var bytes = 0
        for (place, action) in actions.enumerated() {
            let more = 64 + action.room
            if place > start, bytes + more > Self.messageBytes {
                parts.append(actions[start..<place])
                (start, bytes) = (place, 0)
            }
            bytes += more
        }
        return parts + [actions[start...]]
    }

    /// Leaves something on the desk, and wakes the worker if nobody has.
    ///
    /// - Returns: what `leave` does; `false` where there is no worker any more: then nothing was left.
    @discardableResult
    func post(_ leave: (inout ClusterDesk) -> Bool) -> Bool {
        let (isLeft, loop) = desk.withLockedValue { desk -> (Bool, (any EventLoop)?) in
            guard desk.state != .left, leave(&desk) else { return (false, nil) }
            guard let loop = desk.loop, !desk.isAwaited else { return (true, nil) }
            desk.isAwaited = true
            return (true, loop)
        }
        loop?.execute { self.worker?.drain() }
        return isLeft
    }

    /// What was left, for the worker.
    func takeItems(keeping room: inout [ClusterDesk.Item]) { desk.withLockedValue { $0.take(keeping: &room) } }

    /// What the worker has found out.
    func update(_ change: (inout ClusterDesk) -> Void) { desk.withLockedValue { change(&$0) } }

    /// Called on its loop.
    private var worker: ClusterWorker? { desk.withLockedValue(\.worker)?.value }
}

extension ClusterBroker: BusListener {
    package func received(_ messages: [BusMessage]) { worker?.received(messages) }

    package func changed(isUp: Bool) { worker?.changed(isUp: isUp) }

    package func refused(_ why: String) { worker?.refused(why) }
}

extension Action {
    /// About how many bytes its contents take.
    fileprivate var room: Int {
        switch self {
        case .send(let payload, _): payload.count
        case .setState(let patch, _): patch.changes.reduce(0) { $0 + $1.key.utf8.count + ($1.value?.utf8.count ?? 0) + 8 }
        case .control(.sendLater(let message), _), .control(.keepAlive(let message?), _): message.bytes.readableBytes
        default: 256
        }
    }
}
