// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastApp
import Testing

@Suite struct MessageTests {
    private struct Order: Codable, Equatable {
        let item: String
        let count: Int
    }

    @Test func literals() {
        let count = 2
        #expect("hello" as Message == .text("hello"))
        #expect("\(count) left" as Message == .text("2 left"))
    }

    @Test func thereAndBack() throws {
        let order = Order(item: "tea", count: 2)
        #expect(try Message.json(order).decode(as: Order.self) == order)
        #expect(try Message.binary(Array(#"{"item":"tea","count":2}"#.utf8)).decode(as: Order.self) == order)
        #expect(try Message.json(["a": nil, "b": [1, 2.5, true]] as JSONValue).decode(as: JSONValue.self) == ["a": nil, "b": [1, 2.5, true]])
    }

    @Test(
        arguments: [
            (.text(#"{"item":"tea"}"#), "count: missing"), (.text(#"{"item":"tea","count":"two"}"#), "count: expected a whole number"),
            (.binary([]), "not JSON"), (.text("tea"), "not JSON"),
        ] as [(Message, String)])
    func otherMessages(_ message: Message, _ detail: String) {
        let error = #expect(throws: MessageError.self) { try message.decode(as: Order.self) }
        #expect(error?.detail == detail)
    }

    @Test func values() {
        let value: JSONValue = ["text": "a", "number": 7, "list": [1]]
        #expect(value["text"]?.stringValue == "a")
        #expect(value["number"]?.integerValue == 7)
        #expect(value["none"] == .none)
        #expect(value["list"]?["text"] == .none)
        #expect(value["list"]?.objectValue == nil)
        #expect(value.objectValue?.count == 3)
    }
}
