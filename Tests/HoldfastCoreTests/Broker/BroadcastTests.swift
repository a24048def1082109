// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

struct BroadcastTests {
    @Test("A broadcast knows its channel")
    func channel() {
        let room = ChannelName.sample("room")
        #expect(Broadcast.message(Publication(channel: room, payload: .sample("hello"))).channel == room)
        #expect(Broadcast.close(room, .normal, reason: "").channel == room)
    }
}
