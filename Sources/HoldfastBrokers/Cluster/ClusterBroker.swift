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
    private let desk = NIOLockedValueBox(ClusterDesk())
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
        status.problem = state.problem(of: node) ?? (bus.isUp ? nil : bus.problem ?? "the connection to the broker is down")
        status.sent = counts.sent
        status.received = counts.received
        status.repeated = counts.repeated
        status.notUnderstood = counts.notUnderstood
        status.channels = counts.channels
        status.dropped = bus.dropped
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
        tell(.farewell, subject.all, isFleeting: false)
        try? await loop.submit { self.worker?.drain() }.get()
        await stop(on: loop)
    }

    private func stop(on loop: any EventLoop) async {
        await bus.stop()
        try? await loop.submit {
            // At one stroke: what comes later is told that nobody is there.
            let (worker, items) = self.desk.withLockedValue { desk in
                defer {
                    let counts = desk.counts
                    desk = ClusterDesk()
                    desk.counts = counts
                    desk.state = .left
                }
                return (desk.worker, desk.items)
            }
            worker?.value.stop(leaving: items)
        }.get()
    }

    // MARK: Traffic

    package func began(_ channel: ChannelName) { post { $0.items.append(.began(channel)) } }

    package func ended(_ channel: ChannelName) { post { $0.items.append(.ended(channel)) } }

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
        if let verdict = verdict(on: node) { return answer?(actions.map { _ in verdict }) ?? () }
        guard let answer else {
            for part in parts(of: actions) { order(part, node, nil) }
            return
        }
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
        post { $0.items.append(.keep(changes)) }
    }

    // MARK: Its own

    /// What becomes of anything that is for a node, where that is known at once.
    private func verdict(on node: NodeName) -> ActionResult? {
        let (isKnown, isJoined) = desk.withLockedValue { ($0.names.contains(node), $0.state == .joined || $0.state == .clashing) }
        guard isJoined, bus.status.isUp else { return .unreachable }
        return isKnown ? nil : .notFound
    }

    private func order(_ actions: ArraySlice<Action>, _ node: NodeName, _ answer: (@Sendable ([ActionResult]) -> Void)?) {
        guard let answer else { return tell(.actions(request: 0, Array(actions)), subject.node(node), isFleeting: false) }
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
        let subject = subject.node(node)
        let request = ClusterDesk.Request(number: number, waiting: waiting, node: node)
        let isOpen = post { $0.add(&bytes, to: subject, self.writer, isFleeting: true, for: request) }
        if !isOpen { waiting.giveUp() }
    }

    /// Sends what nobody waits for.
    func tell(_ message: NodeMessage, _ subject: String, isFleeting: Bool) {
        guard var bytes = try? writer.bytes(of: message) else { return }
        post { $0.add(&bytes, to: subject, self.writer, isFleeting: isFleeting) }
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
    /// - Returns: `false` where there is no worker any more: then nothing was left.
    @discardableResult
    func post(_ leave: (inout ClusterDesk) -> Void) -> Bool {
        let (isOpen, loop) = desk.withLockedValue { desk -> (Bool, (any EventLoop)?) in
            guard desk.state != .left else { return (false, nil) }
            leave(&desk)
            guard let loop = desk.loop, !desk.isAwaited else { return (true, nil) }
            desk.isAwaited = true
            return (true, loop)
        }
        loop?.execute { self.worker?.drain() }
        return isOpen
    }

    /// What was left, for the worker.
    func takeItems(keeping room: inout [ClusterDesk.Item]) {
        desk.withLockedValue { desk in
            desk.isAwaited = false
            swap(&desk.items, &room)
        }
    }

    /// What the worker has found out.
    func update(_ change: (inout ClusterDesk) -> Void) { desk.withLockedValue { change(&$0) } }

    /// Called on its loop.
    private var worker: ClusterWorker? { desk.withLockedValue(\.worker)?.value }
}

extension ClusterBroker: BusListener {
    package func received(_ messages: [BusMessage]) { worker?.received(messages) }

    package func changed(isUp: Bool) { worker?.changed(isUp: isUp) }
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
