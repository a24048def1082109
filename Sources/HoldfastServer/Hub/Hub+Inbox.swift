// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import HoldfastWire
import NIOCore

/// What other nodes want of this one.
extension Hub: BrokerInbox {
    package func deliver(_ broadcasts: [Broadcast]) {
        receive(broadcasts)
    }

    package func perform(_ actions: [Action], answer: @escaping @Sendable ([ActionResult]) -> Void) {
        // Told to their loops here, in the order of the calls.
        let plan = plan(actions)
        let pending = zip(shards, plan.local).filter { !$0.1.isEmpty }.map { handle, steps in
            (steps, handle.loop.submit { handle.shard.value.perform(steps.map(\.action)) })
        }
        Task {
            var tally = plan.tally
            for (steps, future) in pending {
                for (step, result) in zip(steps, (try? await future.get()) ?? []) { tally.add(result, at: step.index) }
            }
            answer(tally.results)
        }
    }

    package func answer(_ question: NodeQuestion) async -> NodeAnswer {
        switch question {
        case .connection(let id): .connections(await connection(id).map { [$0.shown] } ?? [])
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
