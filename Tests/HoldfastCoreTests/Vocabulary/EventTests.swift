// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct EventTests {
    private static let five = ByteBuffer(string: "12345")

    @Test(
        "Each event has its kind, and weighs what it holds while it waits",
        arguments: [
            (.open(.sample()), .open, 0),
            (.message(.text(five)), .message, 5),
            (.message(.binary(ByteBuffer())), .message, 0),
            (.ping(five), .ping, 5),
            (.pong(five), .pong, 5),
            (.end(.lost("a long story")), .close, 0),
            // The app always hears of it.
            (.refresh, nil, 0),
        ] as [(Event, EventKind?, Int)])
    func kindAndWeight(_ event: Event, _ kind: EventKind?, _ weight: Int) {
        #expect(event.kind == kind)
        #expect(event.weight == weight)
    }

    @Test("The kinds have the names that configuration uses")
    func kinds() {
        #expect(EventKind.allCases.map(\.rawValue) == ["open", "message", "close", "ping", "pong"])
    }
}
