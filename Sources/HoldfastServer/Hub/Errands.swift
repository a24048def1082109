// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// Actions that one loop has other loops of this node carry out, gathered over a turn: one hop there and one back for each of them.
struct Errands {
    /// A list of actions of which some are under way. Belongs to the loop that began it.
    final class Waiting {
        private var tally: ActionTally
        private var left = 0
        /// Called once, on that loop.
        var done: ([ActionResult]) -> Void = { _ in }

        init(_ tally: ActionTally) { self.tally = tally }

        fileprivate func expect() { left += 1 }

        fileprivate func came(_ result: ActionResult, at index: Int) {
            tally.add(result, at: index)
            left -= 1
            if left == 0 { done(tally.results) }
        }
    }

    private struct Errand {
        let waiting: Waiting
        let step: Hub.Step
    }

    /// By loop.
    private var lists: [[Errand]] = []
    private(set) var isEmpty = true

    mutating func add(_ steps: [Hub.Step], on shard: Int, of hub: Hub, for waiting: Waiting) {
        if lists.isEmpty { lists = Array(repeating: [], count: hub.shards.count) }
        isEmpty = false
        for step in steps {
            waiting.expect()
            lists[shard].append(Errand(waiting: waiting, step: step))
        }
    }

    /// Sends the other loops off. Called on the loop of the one who waits.
    mutating func send(by hub: Hub, from home: any EventLoop) {
        guard !isEmpty else { return }
        for (place, list) in lists.enumerated() where !list.isEmpty {
            let handle = hub.shards[place]
            let actions = list.map(\.step.action)
            let waiting = NIOLoopBound(list, eventLoop: home)
            handle.loop.execute {
                let results = handle.shard.value.perform(actions)
                home.execute {
                    for (errand, result) in zip(waiting.value, results) { errand.waiting.came(result, at: errand.step.index) }
                }
            }
            lists[place].removeAll(keepingCapacity: true)
        }
        isEmpty = true
    }
}
