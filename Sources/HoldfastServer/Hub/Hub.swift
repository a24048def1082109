// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import NIOConcurrencyHelpers
package import NIOCore
import Synchronization

/// This node's connections and channels: one ``HubShard`` per event loop, and the way from any thread to the right one.
///
/// What is shared between loops is here and small: the window of publication ids, the count of interested loops per channel, the taps.
package final class Hub: Sendable {
    package let configuration: GatewayConfiguration
    package let broker: any Broker
    let shards: [Handle]
    let taps = ChannelTaps()
    /// Whether other nodes are to tell the apps of the end of this node's connections, should it be lost.
    let keepsRecords: Bool
    /// The outbound connections that are to stand.
    let dials: DialBook
    /// Publications through the control API; those in answers are counted by their routes.
    let controlPublications = Atomic<Int>(0)
    private let publications = NIOLockedValueBox(DeduplicationWindow())
    /// The order of publications that name the one before them.
    private let sequencer: NIOLockedValueBox<ChannelSequencer>
    private let interest = NIOLockedValueBox(ChannelInterest())
    let watch: BrokerWatch
    /// Whether this node has joined its cluster and lets clients in.
    private let hasOpened = Atomic<Bool>(false)

    /// A shard, which only its loop may touch.
    struct Handle: Sendable {
        let loop: any EventLoop
        let shard: NIOLoopBound<HubShard>

        /// Does something on the shard's loop: at once where that is the caller's.
        func run(_ body: @escaping @Sendable (HubShard) -> Void) {
            if loop.inEventLoop { body(shard.value) } else { loop.execute { body(shard.value) } }
        }
    }

    /// - Parameter make: makes the shard of one loop; called on that loop.
    package init(
        configuration: GatewayConfiguration, broker: any Broker, loops: [any EventLoop], dials: DialBook = DialBook(),
        make: @escaping @Sendable (UInt16, any EventLoop) -> HubShard
    ) async throws {
        self.configuration = configuration
        self.dials = dials
        let wait = configuration.routes.filter { $0.dialect == .grip }.map(\.grip.messageWait).max() ?? GripSettings().messageWait
        sequencer = NIOLockedValueBox(ChannelSequencer(wait: wait))
        self.broker = broker
        // Nodes of one process are lost together.
        keepsRecords = configuration.cluster.closingEvents == .survivor && !(broker is MemoryBroker)
        watch = BrokerWatch(broker, loops: loops.count)
        var shards: [Handle] = []
        for (index, loop) in loops.enumerated() {
            let shard = try await loop.submit { NIOLoopBound(make(UInt16(index), loop), eventLoop: loop) }.get()
            shards.append(Handle(loop: loop, shard: shard))
        }
        self.shards = shards
        for handle in shards {
            try await handle.loop.submit { handle.shard.value.start(in: self) }.get()
        }
    }

    /// The shard of an event loop; called on that loop.
    package func shard(on loop: any EventLoop) -> HubShard {
        for handle in shards where handle.loop === loop { return handle.shard.value }
        preconditionFailure("a channel lives on one of the hub's loops")
    }

    /// Whether this node has joined its cluster and lets clients in.
    package var isOpen: Bool { hasOpened.load(ordering: .relaxed) }

    package func open() { hasOpened.store(true, ordering: .relaxed) }

    /// Carries out actions that name their connections, in order per connection and channel.
    ///
    /// - Returns: a result for each action, in order.
    package func perform(_ actions: [Action]) async -> [ActionResult] {
        var results: [ActionResult] = []
        var rest = actions[...]
        while !rest.isEmpty {
            let part = rest.prefix(together(rest))
            rest = rest.dropFirst(part.count)
            let done = await perform(together: Array(part))
            if rest.isEmpty, results.isEmpty { return done }
            results += done
        }
        return results
    }

    /// How many of a list may be under way at a time: a publication behind an action on another node's connection waits until that one is done, for it
    /// may be for that connection.
    private func together(_ actions: ArraySlice<Action>) -> Int {
        var hasRemote = false
        for (count, action) in actions.enumerated() {
            switch action {
            case .publish, .closeChannel: if hasRemote { return count }
            default: if let id = action.target, id.node != broker.node { hasRemote = true }
            }
        }
        return actions.count
    }

    private func perform(together actions: [Action]) async -> [ActionResult] {
        let plan = plan(actions)
        var tally = plan.tally
        announce(plan)
        // All loops and nodes are told before any is waited for.
        var pending = zip(shards, plan.local).filter { !$0.1.isEmpty }.map { handle, steps in
            (steps, handle.loop.submit { handle.shard.value.perform(steps.map(\.action)) })
        }
        for (node, steps) in plan.remote {
            let done = shards[0].loop.makePromise(of: [ActionResult].self)
            broker.send(steps.map(\.action), to: node) { done.succeed($0) }
            pending.append((steps, done.futureResult))
        }
        for (steps, future) in pending {
            for (step, result) in zip(steps, (try? await future.get()) ?? []) { tally.add(result, at: step.index) }
        }
        return tally.results
    }

    /// Actions, each where it is to be carried out.
    struct Plan {
        /// What is known already.
        var tally: ActionTally
        /// For each loop of this node.
        var local: [[Step]]
        var remote: [NodeName: [Step]] = [:]
        /// What other nodes are to be told.
        var broadcasts: [Broadcast] = []
        /// What the taps are to be told, where there are any.
        var heard: [Broadcast] = []
    }

    /// One action of a list, at its place there.
    struct Step: Sendable {
        let index: Int
        let action: Action
    }

    /// Sorts actions by where they are carried out. Takes note of publications: they are to be carried out then.
    func plan(_ actions: [Action]) -> Plan {
        var plan = Plan(tally: ActionTally(count: actions.count), local: Array(repeating: [], count: shards.count))
        let hasTaps = !taps.isEmpty
        for (index, action) in actions.enumerated() {
            switch Destination.of(action, on: broker.node) {
            case .everywhere(let broadcast):
                guard case .message(let publication) = broadcast else {
                    plan.tally.add(.done(delivered: 0), at: index)
                    plan.broadcasts.append(broadcast)
                    for shard in shards.indices { plan.local[shard].append(Step(index: index, action: action)) }
                    continue
                }
                guard admit(publication) else {
                    plan.tally.add(.duplicate, at: index)
                    continue
                }
                plan.tally.add(.done(delivered: 0), at: index)
                controlPublications.add(1, ordering: .relaxed)
                plan.broadcasts.append(broadcast)
                for next in inOrder(publication) {
                    if hasTaps { plan.heard.append(.message(next)) }
                    for shard in shards.indices { plan.local[shard].append(Step(index: index, action: .publish(next))) }
                }
            case .shard(let shard) where Int(shard) < shards.count: plan.local[Int(shard)].append(Step(index: index, action: action))
            case .node(let node): plan.remote[node, default: []].append(Step(index: index, action: action))
            case .anyShard: plan.local[dials.nextShard(of: shards.count)].append(Step(index: index, action: action))
            case .shard, .nowhere: plan.tally.add(.notFound, at: index)
            }
        }
        return plan
    }

    /// Tells the taps and the other nodes.
    func announce(_ plan: Plan) {
        if !plan.heard.isEmpty { taps.offer(plan.heard) }
        if !plan.broadcasts.isEmpty { broker.broadcast(plan.broadcasts) }
    }

    /// Tells the taps and the other nodes of what is the same for both: nothing of it has its place in an order.
    func announce(_ broadcasts: [Broadcast]) {
        guard !broadcasts.isEmpty else { return }
        taps.offer(broadcasts)
        broker.broadcast(broadcasts)
    }

    /// Whether a publication is new; one without an id always is.
    func admit(_ publication: Publication) -> Bool {
        guard let id = publication.id else { return true }
        let now = MonotonicTime(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds))
        return publications.withLockedValue { $0.admit(channel: publication.channel, id: id, at: now) }
    }

    /// What goes out on this node now that a publication has come: nothing while one before it is missing, and those that waited for it behind it.
    ///
    /// Other nodes are given each publication once and at once, and put it in order themselves: what is missing here may have come there.
    func inOrder(_ publication: Publication) -> [Publication] {
        guard publication.hasPlace else { return [publication] }
        let isHeard = interest.withLockedValue { $0.isHeard(publication.channel) }
        // Where nobody listens there is no order to keep, and nothing to remember.
        guard isHeard else { return [publication] }
        return sequencer.withLockedValue {
            switch $0.take(publication, at: .current) {
            case .pass(let publications): publications
            case .waiting: []
            }
        }
    }

    /// Sends what has waited long enough for publications that never came. Other nodes have it already.
    func releaseWaiting(at now: MonotonicTime) {
        let due = sequencer.withLockedValue { $0.due(at: now) }
        if !due.isEmpty { give(due.map(Broadcast.message)) }
    }

    /// Takes out what is no repetition and has its turn, of what other nodes have sent.
    private func ready(_ broadcasts: [Broadcast]) -> [Broadcast] {
        func place(of broadcast: Broadcast) -> Publication? {
            if case .message(let publication) = broadcast, publication.hasPlace { publication } else { nil }
        }
        guard broadcasts.contains(where: { place(of: $0) != nil }) else { return broadcasts }
        return broadcasts.flatMap { broadcast -> [Broadcast] in
            guard let publication = place(of: broadcast) else { return [broadcast] }
            return admit(publication) ? inOrder(publication).map(Broadcast.message) : []
        }
    }

    /// Gives what other nodes have sent to those who hear it here.
    func receive(_ broadcasts: [Broadcast]) { give(ready(broadcasts)) }

    /// Gives broadcasts to the taps, and to the loops that have somebody on their channels.
    private func give(_ broadcasts: [Broadcast]) {
        guard !broadcasts.isEmpty else { return }
        taps.offer(broadcasts)
        let loops = interest.withLockedValue { interest in
            var loops = ChannelInterest.Loops()
            for broadcast in broadcasts { loops.formUnion(interest.loops(of: broadcast.channel)) }
            return loops
        }
        guard !loops.isEmpty else { return }
        for (index, handle) in shards.enumerated() where loops.contains(index) {
            handle.run { $0.deliver(broadcasts) }
        }
    }

    /// The id of the publication that went out last on a channel, as far as it is known.
    func lastID(of channel: ChannelName) -> String? { sequencer.withLockedValue { $0.lastID(of: channel) } }

    /// What is remembered as a channel's last publication is in doubt.
    func forgetLastID(of channel: ChannelName) { sequencer.withLockedValue { $0.forget(channel) } }

    /// Somebody begins to hear a channel: the first on a loop, or a tap.
    ///
    /// The broker is told under the lock: an end and a beginning at the same moment must not reach it the other way round.
    func began(_ channel: ChannelName, on loop: Int? = nil) {
        interest.withLockedValue { if $0.begin(channel, on: loop) { broker.began(channel) } }
    }

    /// The last on a loop has stopped hearing a channel, or a tap.
    func ended(_ channel: ChannelName, on loop: Int? = nil) {
        let isLast = interest.withLockedValue { interest in
            guard interest.end(channel, on: loop) else { return false }
            broker.ended(channel)
            return true
        }
        if isLast { sequencer.withLockedValue { $0.forget(channel) } }
    }

    /// The publications of a channel from now on, of all nodes, for operators.
    package func tail(_ channel: ChannelName) -> some AsyncSequence<Publication?, Never> & Sendable {
        began(channel)
        return taps.listen(to: channel) { self.ended(channel) }
    }
}
