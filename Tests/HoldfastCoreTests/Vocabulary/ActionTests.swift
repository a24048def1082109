// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

struct ActionTests {
    private static let id = ConnectionID.sample()
    private static let room = ChannelName.sample("room")

    @Test(
        "An action that is for one connection names it",
        arguments: [
            .send(.sample("hello"), to: id),
            .close(.normal, reason: "", to: id),
            .subscribe(room, to: id),
            .unsubscribe(room, to: id),
            .setState(StatePatch([]), to: id),
        ] as [Action])
    func namesItsTarget(_ action: Action) {
        #expect(action.target == Self.id)
    }

    @Test(
        "An action without a connection of its own names none",
        arguments: [
            .accept(protocol: nil, headers: []),
            .reject(Refusal()),
            .publish(Publication(channel: room, payload: .sample("hello"), except: [id])),
            .closeChannel(room, code: .normal, reason: ""),
            .send(.sample("hello"), to: nil),
            .close(.normal, reason: "", to: nil),
            .subscribe(room, to: nil),
            .unsubscribe(room, to: nil),
            .setState(StatePatch([]), to: nil),
        ] as [Action])
    func namesNoTarget(_ action: Action) {
        #expect(action.target == nil)
    }
}
