// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// Asks the apps that say what to dial, once the gateway runs; then the connections look after themselves.
struct DialService {
    let hub: Hub

    func begin() async throws {
        for index in hub.configuration.routes.indices where hub.configuration.routes[index].dialect.asksWhatToDial {
            let handle = hub.shards[hub.dials.nextShard(of: hub.shards.count)]
            _ = try await handle.loop.submit { handle.shard.value.dialWhatAppSays(on: handle.shard.value.courier.routes[index]) }.get()
        }
    }
}
