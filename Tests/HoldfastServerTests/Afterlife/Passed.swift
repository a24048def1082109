// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import NIOCore

@testable import HoldfastServer

/// Waits until a gateway's own clocks have gone on by so long: what was due by then has been done.
func passed(_ time: Duration, on hub: Hub) async throws {
    let end = MonotonicTime.current + time
    for handle in hub.shards {
        try await eventually("the gateway's clock goes on") { try await handle.loop.submit { handle.shard.value.now }.get() >= end }
    }
}
