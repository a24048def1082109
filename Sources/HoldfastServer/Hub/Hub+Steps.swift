// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// What control requests have done in turn, some of it when a connection is there.
extension Hub {
    /// How long one control request may wait in all: nothing that a caller sends makes it hold its place for longer.
    static let longestWait = Duration.seconds(10)
    /// Between two looks.
    private static let look = Duration.milliseconds(20)

    /// - Returns: a result for each step, in order.
    func perform(_ steps: [ControlStep]) async -> [ActionResult] {
        let deadline = MonotonicTime.current + Self.longestWait
        var results: [ActionResult] = []
        var actions: [Action] = []
        for step in steps {
            switch step {
            case .action(let action): actions.append(action)
            case .wait(let id, let timeout):
                if !actions.isEmpty { results += await perform(actions) }
                actions = []
                results.append(await wait(for: id, until: min(deadline, MonotonicTime.current + timeout)))
            }
        }
        return actions.isEmpty ? results : results + (await perform(actions))
    }

    private func wait(for id: ConnectionID, until end: MonotonicTime) async -> ActionResult {
        while true {
            switch await presence(of: id) {
            case .open: return .done(delivered: 1)
            // An id is made when its client comes, and is no other's: who is gone does not come back.
            case .gone: return .notFound
            case .opening: break
            }
            let now = MonotonicTime.current
            guard now < end, (try? await Task.sleep(for: min(Self.look, end.since(now)))) != nil else { return .notFound }
        }
    }

    private enum Presence {
        /// The app has not decided yet, or its node cannot be asked just now.
        case opening
        case open
        case gone
    }

    private func presence(of id: ConnectionID) async -> Presence {
        guard id.node == broker.node else {
            // Changes nothing, and says whether it could: a connection takes it while its app is asked, too.
            switch await perform([.setState(StatePatch([]), to: id)]).first {
            case .done: break
            case .unreachable: return .opening
            default: return .gone
            }
            guard case .connections(let open)? = await broker.ask(.connection(id), of: id.node), !open.isEmpty else { return .opening }
            return .open
        }
        guard Int(id.shard) < shards.count else { return .gone }
        let handle = shards[Int(id.shard)]
        let isOpen = try? await handle.loop.submit { handle.shard.value.connection(id)?.isOpen }.get()
        return switch isOpen.flatMap(\.self) {
        case true?: .open
        case false?: .opening
        case nil: .gone
        }
    }
}
