// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import HoldfastWire
import NIOConcurrencyHelpers
import NIOCore

/// What other nodes want of this one.
extension Hub: BrokerInbox {
    package func deliver(_ broadcasts: [Broadcast]) {
        receive(broadcasts)
    }

    package var standing: NodeStanding { watch.standing }

    package func perform(_ actions: [Action], answer: @escaping @Sendable ([ActionResult]) -> Void) {
        let plan = plan(actions)
        let parts = zip(shards, plan.local).filter { !$0.1.isEmpty }
        guard !parts.isEmpty else { return answer(plan.tally.results) }
        let waiting = NIOLockedValueBox((tally: plan.tally, left: parts.count))
        // Told to their loops here, in the order of the calls.
        for (handle, steps) in parts {
            handle.run { shard in
                let results = shard.perform(steps.map(\.action))
                let all = waiting.withLockedValue { waiting -> [ActionResult]? in
                    for (step, result) in zip(steps, results) { waiting.tally.add(result, at: step.index) }
                    waiting.left -= 1
                    return waiting.left == 0 ? waiting.tally.results : nil
                }
                if let all { answer(all) }
            }
        }
    }

    package func answer(_ question: NodeQuestion) async -> NodeAnswer {
        switch question {
        case .connection(let id): .connections(await connection(id, mustBeOpen: true).map { [$0.shown] } ?? [])
        case .connections(let cursor, let limit, let route, let channel):
            .connections(
                ViewPortion.cut(await connections(after: cursor, limit: ViewPortion.limit(limit), route: route, channel: channel).map(\.shown)))
        case .channels(let cursor, let limit): .channels(await channels(after: cursor, limit: ViewPortion.limit(limit)))
        case .subscriberCount(let channel): .count(await subscriberCount(of: channel))
        }
    }
}

extension ConnectionSummary {
    /// As other nodes are told.
    var shown: ShownConnection {
        var json = JSONWriter()
        write(into: &json)
        return ShownConnection(id: session.facts.id, json: json.buffer)
    }
}
