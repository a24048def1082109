// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Synchronization

/// Carrying actions out from one of the hub's own loops, without a task and without waiting: the way of control requests that come by the thousand.
extension Hub {
    /// What came of actions that were begun.
    enum Begun {
        case done([ActionResult])
        /// Some are under way on other loops; `Errands` must be sent.
        case waiting(Errands.Waiting)
    }

    /// Whether all that an action needs is on this node, and known at once.
    func isHere(_ action: Action) -> Bool {
        if case .dial = action { return false }
        guard let id = action.target else { return true }
        return id.node == broker.node
    }

    /// Carries out one action, where its result is known at once.
    ///
    /// - Returns: `nil` where other loops have a part in it: then nothing was done.
    func performAtOnce(_ action: Action, on shard: HubShard) -> ActionResult? {
        switch action {
        case .publish(let publication):
            guard shards.count == 1 else { return nil }
            guard admit(publication) else { return .duplicate }
            controlPublications.add(1, ordering: .relaxed)
            guard !publication.hasPlace else {
                broker.broadcast([.message(publication)])
                let ready = inOrder(publication)
                if !taps.isEmpty { taps.offer(ready.map(Broadcast.message)) }
                return ready.reduce(into: ActionResult.done(delivered: 0)) { $0.add(shard.perform(.publish($1))) }
            }
            let broadcast = Broadcast.message(publication)
            announce([broadcast])
            return .done(delivered: shard.deliver(broadcast))
        default:
            guard let id = action.target, id.node == broker.node else { return nil }
            guard Int(id.shard) < shards.count else { return .notFound }
            return id.shard == shard.index ? shard.perform(action) : nil
        }
    }

    /// Carries out actions, those of the caller's loop at once.
    ///
    /// - Parameters:
    ///   - actions: all of them here (``isHere(_:)``).
    ///   - shard: of the caller's loop.
    func begin(_ actions: [Action], on shard: HubShard, _ errands: inout Errands) -> Begun {
        if actions.count == 1, let result = performAtOnce(actions[0], on: shard) { return .done([result]) }
        if shards.count == 1, !actions.contains(where: \.hasPlace) { return .done(performAll(actions, on: shard)) }
        let plan = plan(actions)
        var tally = plan.tally
        announce(plan)
        let own = plan.local[Int(shard.index)]
        for (step, result) in zip(own, shard.perform(own.map(\.action))) { tally.add(result, at: step.index) }
        guard plan.local.indices.contains(where: { $0 != Int(shard.index) && !plan.local[$0].isEmpty }) else { return .done(tally.results) }
        let waiting = Errands.Waiting(tally)
        for (place, steps) in plan.local.enumerated() where place != Int(shard.index) && !steps.isEmpty {
            errands.add(steps, on: place, of: self, for: waiting)
        }
        return .waiting(waiting)
    }
}

extension Hub {
    /// Carries out actions on the only loop there is, none of which waits for another or may be a repetition: without sorting them first, which costs
    /// a fifth of a list of publications.
    private func performAll(_ actions: [Action], on shard: HubShard) -> [ActionResult] {
        var broadcasts: [Broadcast] = []
        var publications = 0
        for action in actions {
            guard case .everywhere(let broadcast) = Destination.of(action, on: broker.node) else { continue }
            if broadcasts.isEmpty { broadcasts.reserveCapacity(actions.count) }
            broadcasts.append(broadcast)
            if case .message = broadcast { publications += 1 }
        }
        controlPublications.add(publications, ordering: .relaxed)
        announce(broadcasts)
        return shard.perform(actions)
    }
}

extension Action {
    /// Whether it is a publication that may have come before, or has its place in an order.
    fileprivate var hasPlace: Bool {
        guard case .publish(let publication) = self else { return false }
        return publication.hasPlace
    }
}

extension ActionResult {
    /// Adds what the same action did elsewhere.
    fileprivate mutating func add(_ other: ActionResult) {
        if case .done(let before) = self, case .done(let more) = other { self = .done(delivered: before + more) }
    }
}
