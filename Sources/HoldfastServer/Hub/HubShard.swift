// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastWire
package import Logging
package import NIOCore

/// The connections, channels and webhooks of one event loop. Only that loop touches it: no locks, no hops.
package final class HubShard {
    /// How late a deadline may be noticed.
    static let tick = Duration.milliseconds(100)

    package let index: UInt16
    package let loop: any EventLoop
    let logger: Logger
    let admission: NodeAdmission
    let courier: Courier
    let routes: RouteTable<ShardRoute>
    /// Those through which one publishes on the public port, by the path for that.
    let publishers: RouteTable<ShardRoute>
    private(set) unowned var hub: Hub!
    /// The time of the last tick: exact enough for deadlines of seconds, and free.
    private(set) var now: MonotonicTime
    /// For ids, which must not be guessed.
    var random = RandomSupply()
    /// For span ids and jitter.
    var quickRandom = QuickRandom(seed: .random(in: 0 ... .max))
    /// Opening requests turned away, by reason.
    var refused: [HandshakeRefusal: Int] = [:]
    var compression = CompressionShelf()
    /// What its plain connections read into.
    let reads = ReadShelf()

    /// What other nodes keep of its connections; `nil` where none does.
    private(set) var records: RecordKeeper?
    /// Connections of lost nodes whose apps are told here.
    private(set) lazy var lost = LostConnections(self)

    private let node: NodeName
    private var members = SlotTable<any ShardMember>()
    private var reminders: DeadlineWheel<Reminder>
    private var subscriptions = SubscriptionIndex<Connection>()
    /// Requests that are held for publications.
    private var listeners = SubscriptionIndex<any ChannelListener>()
    var fanoutSeconds = Histogram()
    var directPaths = DirectPaths()
    /// What connections hold back to the end of the turn.
    var gathered = GatheredFrames()
    /// Connections with unflushed frames.
    private var dirty: [Connection] = []
    /// What this turn brings for other loops and nodes, in order.
    private var outbox: [Handover] = []
    private(set) var hasTurnEnd = false
    private var tapsDueAt = MonotonicTime.current

    struct Audience {
        let connections: [SubscriberList<Connection>.Entry]
        let listeners: [SubscriberList<any ChannelListener>.Entry]
    }

    /// Eight bytes: each connection has one or two under way.
    private struct Reminder: Sendable {
        let slot: UInt32
        /// To tell who had the slot then from who has it now. A reminder that is taken for another's finds nothing due.
        let stamp: UInt32

        init(_ id: ConnectionID) {
            slot = id.slot
            stamp = UInt32(truncatingIfNeeded: id.stamp)
        }

        func isMeant(for id: ConnectionID) -> Bool { stamp == UInt32(truncatingIfNeeded: id.stamp) }
    }

    package init(
        index: UInt16, loop: any EventLoop, configuration: GatewayConfiguration, shared: [SharedRoute], admission: NodeAdmission, logger: Logger
    ) {
        self.index = index
        self.loop = loop
        self.logger = logger
        self.admission = admission
        node = configuration.node
        now = .current
        reminders = DeadlineWheel(tick: Self.tick, slotCount: 1024, now: .current)
        courier = Courier(loop: loop, index: Int(index), shared: shared, configuration: configuration, logger: logger)
        publishers = RouteTable(
            courier.routes.compactMap { route in
                route.configuration.publishPath.flatMap(PathPattern.init).map { .init(host: route.configuration.host, pattern: $0, route: route) }
            })
        routes = RouteTable(courier.routes.map { .init(host: $0.configuration.host, pattern: $0.configuration.path, route: $0) })
    }

    /// Joins the hub and starts the clock.
    func start(in hub: Hub) {
        self.hub = hub
        if hub.keepsRecords { records = RecordKeeper(hub.broker, logger) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        weak let hub = hub
        loop.scheduleRepeatedTask(initialDelay: .nanoseconds(Self.tick.inNanoseconds), delay: .nanoseconds(Self.tick.inNanoseconds)) { task in
            // The clock stops with the hub, which may not go while it ticks.
            guard let hub else { return task.cancel() }
            withExtendedLifetime(hub) { bound.value.ticked() }
        }
    }

    // MARK: Members

    /// Takes a slot and makes the id of whoever will hold it.
    func makeID() -> ConnectionID {
        ConnectionID(node: node, shard: index, slot: members.reserve(), using: &random)
    }

    /// Sets the holder of a slot, or replaces a handshake with its connection.
    func hold(_ member: any ShardMember) { members.insert(member, at: member.id.slot) }

    /// Gives a slot back.
    func forget(_ id: ConnectionID) { members.remove(id.slot) }

    /// Whether plain requests are passed on to the app on any route.
    var passesRequestsOn: Bool { courier.routes.contains { $0.proxy != nil } }

    /// Handshakes and connections on this loop, also those whose closing event is still on its way.
    var memberCount: Int { members.count }

    /// Open connections on this loop.
    var connectionCount: Int { courier.routes.reduce(0) { $0 + $1.counters.connections } }

    /// Whoever has a slot.
    func member(_ slot: UInt32) -> (any ShardMember)? { members[slot] }

    /// All who have a slot behind `slot`, in slot order.
    func members(after slot: UInt32?) -> some Sequence<any ShardMember> { members.members(after: slot) }

    /// The connection of that id, if it is open or about to be.
    func connection(_ id: ConnectionID) -> Connection? {
        guard let connection = members[id.slot] as? Connection, connection.id == id, connection.isReachable else { return nil }
        return connection
    }

    /// Open connections behind a slot, in slot order.
    func connections(after slot: UInt32?) -> some Sequence<Connection> {
        members.members(after: slot).lazy.compactMap { $0 as? Connection }.filter(\.isOpen)
    }

    /// Asks for `member` to be reminded at a time.
    func remind(_ member: some ShardMember, at time: MonotonicTime) {
        reminders.remind(Reminder(member.id), at: time)
    }

    /// Tells every member that the gateway is shutting down, each with a moment of its own within `spread`.
    func drain(spread: Duration) {
        now = .current
        for member in Array(members.members(after: nil)) {
            member.drain(at: now + .nanoseconds(Int64.random(in: 0...spread.inNanoseconds, using: &quickRandom)))
        }
    }

    private func ticked() {
        now = .current
        for reminder in reminders.due(at: now) {
            guard let member = members[reminder.slot], reminder.isMeant(for: member.id) else { continue }
            member.reminded(at: now)
        }
        courier.sweep(at: now)
        records?.flush(self)
        lost.ticked(at: now)
        hub.watch.note(connections: connectionCount, isDraining: admission.isDraining, on: Int(index))
        if index == 0 {
            hub.releaseWaiting(at: now)
            hub.watch.look(at: now)
        }
        if index == 0, now >= tapsDueAt {
            tapsDueAt = now + ChannelTaps.keepAliveInterval
            hub.taps.keepAlive()
        }
    }

    // MARK: Channels

    func subscribe(_ connection: Connection, to channel: ChannelName) {
        guard subscriptions.subscribe(connection, connection.id.slot, to: channel), listeners.subscribers(of: channel) == nil else { return }
        hub.began(channel, on: Int(index))
    }

    func unsubscribe(_ connection: Connection, from channel: ChannelName) {
        guard subscriptions.unsubscribe(connection.id.slot, from: channel), listeners.subscribers(of: channel) == nil else { return }
        hub.ended(channel, on: Int(index))
    }

    /// Has a held request hear what is published on a channel.
    ///
    /// - Parameter key: the slot that it holds.
    func listen(_ listener: any ChannelListener, _ key: UInt32, to channel: ChannelName) {
        guard listeners.subscribe(listener, key, to: channel), subscriptions.subscribers(of: channel) == nil else { return }
        hub.began(channel, on: Int(index))
    }

    func stopListening(_ key: UInt32, to channel: ChannelName) {
        guard listeners.unsubscribe(key, from: channel), subscriptions.subscribers(of: channel) == nil else { return }
        hub.ended(channel, on: Int(index))
    }

    /// Connections and held requests.
    func subscriberCount(of channel: ChannelName) -> Int {
        (subscriptions.subscribers(of: channel)?.count ?? 0) + (listeners.subscribers(of: channel)?.count ?? 0)
    }

    func subscribers(of channel: ChannelName) -> [Connection] { subscriptions.subscribers(of: channel)?.entries.map(\.subscriber) ?? [] }

    /// Channels of one page with their subscribers here.
    func channels(after cursor: ChannelName?, limit: Int) -> [ChannelCount] {
        var channels = FirstChannels(after: cursor, limit: limit)
        for (name, subscribers) in subscriptions.counts { channels.add(name, subscribers) }
        for (name, listening) in listeners.counts { channels.add(name, listening) }
        return channels.first
    }

    /// Has other loops and nodes carry an action out, after those handed over before.
    func handOver(_ action: Action) { handOver(.action(action)) }

    func handOver(_ handover: Handover) {
        outbox.append(handover)
        scheduleTurnEnd()
    }

    /// Those who hear what is published on a channel, and what they hear it with.
    func audience(of channel: ChannelName) -> Audience {
        Audience(connections: subscriptions.subscribers(of: channel)?.entries ?? [], listeners: listeners.subscribers(of: channel)?.entries ?? [])
    }

    /// Carries out one action that names its connection, or concerns a channel.
    func perform(_ action: Action) -> ActionResult {
        switch Destination.of(action, on: node) {
        case .everywhere(let broadcast):
            return .done(delivered: deliver(broadcast))
        case .shard:
            guard let id = action.target, let connection = connection(id) else { return .notFound }
            return connection.perform(action)
        case .anyShard:
            guard case .dial(let request, let route) = action else { return .notFound }
            return dial(request, onRoute: route)
        case .node, .nowhere: return .notFound
        }
    }

    // MARK: The end of a turn

    /// A connection has unflushed frames: it is flushed once, when everything that this turn brings has been written.
    func markDirty(_ connection: Connection) {
        dirty.append(connection)
        scheduleTurnEnd()
    }

    func scheduleTurnEnd() {
        guard !hasTurnEnd else { return }
        hasTurnEnd = true
        loop.assumeIsolated().execute { self.turnEnded() }
    }

    private func turnEnded() {
        hasTurnEnd = false
        if !outbox.isEmpty {
            hub.handOff(outbox, from: index)
            outbox.removeAll(keepingCapacity: true)
        }
        var flushing: [Connection] = []
        swap(&flushing, &dirty)
        for connection in flushing { connection.flush() }
        directPaths.turnEnded()
        // The array's memory is kept for the next turn unless a flush has made new work.
        if dirty.isEmpty {
            flushing.removeAll(keepingCapacity: true)
            dirty = flushing
        }
    }

    // MARK: Numbers

    func report() -> ShardReport {
        var report = ShardReport()
        for route in courier.routes {
            report.routes[route.configuration.name] = route.counters
            report.queueDepth[route.configuration.name] = route.pool.queueDepth
        }
        report.subscriptions = subscriptions.count
        report.sendQueueBytes = connections(after: nil).reduce(0) { $0 + $1.queuedBytes }
        report.fanoutSeconds = fanoutSeconds
        report.refused = refused
        report.lostConnections = lost.counters
        return report
    }
}

extension MonotonicTime {
    static var current: MonotonicTime { MonotonicTime(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }
}
