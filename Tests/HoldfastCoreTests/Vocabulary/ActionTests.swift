// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
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
            .control(.disconnect, to: id),
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
            .control(.refresh, to: nil),
            .askAgain(after: .seconds(1)),
            .took(contentBytes: 1),
        ] as [Action])
    func namesNoTarget(_ action: Action) {
        #expect(action.target == nil)
    }

    @Test("A refusal's body is text or bytes, and 403 unless it says otherwise")
    func refusal() {
        #expect(Refusal().status == 403)
        #expect(Refusal().bytes.readableBytes == 0)
        #expect(Refusal(body: "é").bytes == ByteBuffer(bytes: [0xC3, 0xA9]))
        #expect(Refusal(status: 200, bytes: ByteBuffer(string: "é")).body == "é")
        #expect(Refusal(bytes: ByteBuffer(bytes: [0xFF])) != Refusal(bytes: ByteBuffer(bytes: [0xFE])), "bytes that are no text are told apart")
    }
}
