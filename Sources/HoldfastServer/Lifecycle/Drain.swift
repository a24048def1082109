// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOCore

/// The end of a node: clients are told to come back elsewhere, spread over a while, and every app hears of every end.
struct Drain: Sendable {
    let hub: Hub
    let admission: NodeAdmission
    let logger: Logger

    /// Returns when nothing is left, or at the deadline.
    func run() async {
        let configuration = hub.configuration
        let deadline = ContinuousClock.now + configuration.drainDeadline
        // Time for the deadline itself: the spread must leave room for closing handshakes and webhooks.
        let spread = min(configuration.drainSpread, configuration.drainDeadline / 4)
        admission.drain()
        let held = await remaining()
        logger.info("draining", metadata: [LogKey.count: "\(held)"])
        for handle in hub.shards {
            try? await handle.loop.submit { handle.shard.value.drain(spread: spread) }.get()
        }
        var left = await remaining()
        while left > 0, ContinuousClock.now < deadline {
            // Uncancellable on purpose: a second signal must not cost the closing events.
            await withCheckedContinuation { continuation in
                _ = hub.shards[0].loop.scheduleTask(in: .milliseconds(20)) { continuation.resume() }
            }
            left = await remaining()
        }
        hub.taps.finish()
        for handle in hub.shards {
            try? await handle.loop.submit {
                let shard = handle.shard.value
                shard.records?.flush(shard)
                shard.courier.shutDown()
            }.get()
        }
        if left > 0 {
            logger.warning("the drain deadline has come; some connections are cut off", metadata: [LogKey.count: "\(left)"])
        } else {
            logger.info("drained")
        }
    }

    private func remaining() async -> Int {
        var count = 0
        for handle in hub.shards {
            count += (try? await handle.loop.submit { handle.shard.value.memberCount + handle.shard.value.lost.count }.get()) ?? 0
        }
        return count
    }
}
