// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

struct DestinationTests {
    private static let here = NodeName.sample("here")
    private static let room = ChannelName.sample("room")
    private static let near = ConnectionID.sample(node: here, shard: 3)
    private static let far = ConnectionID.sample(node: .sample("there"), shard: 3)

    private static func addressed(to id: ConnectionID?) -> [Action] {
        [
            .send(.sample("hello"), to: id), .close(.normal, reason: "", to: id), .subscribe(room, to: id), .unsubscribe(room, to: id),
            .setState(StatePatch([]), to: id), .control(.disconnect, to: id),
        ]
    }

    @Test("An action on a connection of this node goes to its loop", arguments: addressed(to: near))
    func shard(_ action: Action) {
        #expect(Destination.of(action, on: Self.here) == .shard(3))
    }

    @Test("An action on a connection of another node goes to that node", arguments: addressed(to: far))
    func node(_ action: Action) {
        #expect(Destination.of(action, on: Self.here) == .node(.sample("there")))
    }

    @Test(
        "An action that names no connection goes nowhere",
        arguments: addressed(to: nil) + [
            .accept(protocol: nil, headers: []), .reject(Refusal()), .askAgain(after: .seconds(1)), .took(contentBytes: 1),
        ])
    func nowhere(_ action: Action) {
        #expect(Destination.of(action, on: Self.here) == .nowhere)
    }

    @Test("What is for a channel goes everywhere")
    func everywhere() {
        let publication = Publication(channel: Self.room, payload: .sample("hello"), except: [Self.far], id: "1")
        #expect(Destination.of(.publish(publication), on: Self.here) == .everywhere(.message(publication)))
        #expect(
            Destination.of(.closeChannel(Self.room, code: .goingAway, reason: "bye"), on: Self.here)
                == .everywhere(.close(Self.room, .goingAway, reason: "bye")))
    }
}
