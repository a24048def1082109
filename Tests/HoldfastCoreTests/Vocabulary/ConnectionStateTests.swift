// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ConnectionStateTests {
    @Test("A new state is empty")
    func empty() {
        let state = ConnectionState()
        #expect(state.entries.isEmpty)
        #expect(state.size == 0)
        #expect(state["user"] == nil)
    }

    @Test("A patch sets, replaces and deletes, and leaves the rest alone")
    func merge() {
        let before = ConnectionState().merging(patch(("user", "42"), ("draft", "x"), ("room", "7")))
        let after = before.merging(patch(("user", "43"), ("draft", nil), ("topic", "tea")))
        #expect(after["user"] == "43")
        #expect(after["draft"] == nil)
        #expect(after["room"] == "7")
        #expect(after["topic"] == "tea")
        #expect(before["user"] == "42", "the state before is a value of its own")
    }

    @Test("Keys keep the order in which they were first set")
    func order() {
        let state = ConnectionState().merging(patch(("b", "1"), ("a", "2"), ("c", "3"))).merging(patch(("a", "4"), ("b", nil), ("b", "5")))
        #expect(state.entries.map(\.key) == ["a", "c", "b"])
        #expect(state.entries.map(\.value) == ["4", "3", "5"])
    }

    @Test("The changes of one patch are made in order: the last word about a key counts")
    func repeatedKey() {
        #expect(ConnectionState().merging(patch(("a", "1"), ("a", "2")))["a"] == "2")
        #expect(ConnectionState().merging(patch(("a", "1"), ("a", nil)))["a"] == nil)
        #expect(ConnectionState().merging(patch(("a", nil), ("a", "1")))["a"] == "1")
    }

    @Test("Deleting what is not there changes nothing")
    func deleteNothing() {
        let state = ConnectionState().merging(patch(("a", "1")))
        #expect(state.merging(patch(("b", nil))) == state)
        #expect(state.merging(patch()) == state)
    }

    @Test("The size is the bytes of all keys and values, whose empty texts count nothing")
    func size() {
        let state = ConnectionState().merging(patch(("é", "12"), ("empty", ""), ("", "x")))
        #expect(state.size == 2 + 2 + 5 + 0 + 0 + 1)
        #expect(state.merging(patch(("é", nil), ("empty", nil), ("", nil))).size == 0)
    }

    private func patch(_ changes: (String, String?)...) -> StatePatch {
        StatePatch(changes.map { StatePatch.Change(key: $0.0, value: $0.1) })
    }
}
