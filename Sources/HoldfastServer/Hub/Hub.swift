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
    private let interest = NIOLockedValueBox<[ChannelName: Int]>([:])

    /// A shard, which only its loop may touch.
    struct Handle: Sendable {
        let loop: any EventLoop
        let shard: NIOLoopBound<HubShard>
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

    /// Carries out actions that name their connections, in order per connection and channel.
    ///
    /// - Returns: a result for each action, in order.
    package func perform(_ actions: [Action]) async -> [ActionResult] {
        let plan = plan(actions)
        var tally = plan.tally
        announce(plan.broadcasts)
        // All loops are told before any is waited for.
        let pending = zip(shards, plan.local).filter { !$0.1.isEmpty }.map { handle, steps in
            (steps, handle.loop.submit { handle.shard.value.perform(steps.map(\.action)) })
        }
        for (steps, future) in pending {
            for (step, result) in zip(steps, (try? await future.get()) ?? []) { tally.add(result, at: step.index) }
        }
        for (node, steps) in plan.remote {
            let results = await broker.perform(steps.map(\.action), on: node)
            for (step, result) in zip(steps, results) { tally.add(result, at: step.index) }
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
        /// What other nodes and the taps are to be told.
        var broadcasts: [Broadcast] = []
    }

    /// One action of a list, at its place there.
    struct Step: Sendable {
        let index: Int
        let action: Action
    }

    /// Sorts actions by where they are carried out. Takes note of publications: they are to be carried out then.
    func plan(_ actions: [Action]) -> Plan {
        var plan = Plan(tally: ActionTally(count: actions.count), local: Array(repeating: [], count: shards.count))
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
                for next in inOrder(publication) {
                    plan.broadcasts.append(.message(next))
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

    /// What goes out now that a publication has come: nothing while one before it is missing, and those that waited for it behind it.
    func inOrder(_ publication: Publication) -> [Publication] {
        guard publication.id != nil || publication.details?.previousID != nil else { return [publication] }
        let isHeard = interest.withLockedValue { $0[publication.channel] != nil }
        // Where nobody listens there is no order to keep, and nothing to remember.
        guard isHeard else { return [publication] }
        return sequencer.withLockedValue {
            switch $0.take(publication, at: .current) {
            case .pass(let publications): publications
            case .waiting: []
            }
        }
    }

    /// Sends what has waited long enough for publications that never came.
    func releaseWaiting(at now: MonotonicTime) {
        let due = sequencer.withLockedValue { $0.due(at: now) }
        guard !due.isEmpty else { return }
        let broadcasts = due.map(Broadcast.message)
        broker.broadcast(broadcasts)
        deliver(broadcasts)
    }

    /// The id of the publication that went out last on a channel, as far as it is known.
    func lastID(of channel: ChannelName) -> String? { sequencer.withLockedValue { $0.lastID(of: channel) } }

    /// What is remembered as a channel's last publication is in doubt.
    func forgetLastID(of channel: ChannelName) { sequencer.withLockedValue { $0.forget(channel) } }

    /// A shard has its first subscriber of a channel.
    func began(_ channel: ChannelName) {
        let isFirst = interest.withLockedValue { counts in
            counts[channel, default: 0] += 1
            return counts[channel] == 1
        }
        if isFirst { broker.began(channel) }
    }

    /// A shard has lost its last subscriber of a channel.
    func ended(_ channel: ChannelName) {
        let isLast = interest.withLockedValue { counts in
            guard let count = counts[channel], count > 1 else {
                counts[channel] = nil
                return true
            }
            counts[channel] = count - 1
            return false
        }
        guard isLast else { return }
        sequencer.withLockedValue { $0.forget(channel) }
        broker.ended(channel)
    }

    /// Hands one loop's actions, gathered over a turn, to the other loops and nodes: one hop for each, the order kept. Nobody waits for results.
    func handOff(_ actions: [Action], from index: UInt16) {
        var local = [[Action]](repeating: [], count: shards.count)
        var remote: [NodeName: [Action]] = [:]
        var broadcasts: [Broadcast] = []
        for action in actions {
            switch Destination.of(action, on: broker.node) {
            case .everywhere(let broadcast):
                broadcasts.append(broadcast)
                for place in shards.indices where place != Int(index) { local[place].append(action) }
            case .shard(let shard) where Int(shard) < shards.count: local[Int(shard)].append(action)
            case .node(let node): remote[node, default: []].append(action)
            case .anyShard: local[dials.nextShard(of: shards.count)].append(action)
            case .shard, .nowhere: break
            }
        }
        announce(broadcasts)
        for (handle, actions) in zip(shards, local) where !actions.isEmpty {
            handle.loop.execute { _ = handle.shard.value.perform(actions) }
        }
        for (node, actions) in remote { broker.send(actions, to: node, answer: nil) }
    }
}
