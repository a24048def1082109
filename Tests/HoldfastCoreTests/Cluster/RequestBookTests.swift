// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastCore

@Suite struct RequestBookTests {
    private let node = NodeName.sample("n2")
    private let other = NodeName.sample("n3")

    @Test("An answer finds who waits for it, once, and only from the node that was asked")
    func answer() {
        var book = RequestBook<String>()
        #expect(book.open(1, "one", to: node, at: .after(.zero)) == true)
        #expect(book.close(1, from: other) == nil)
        #expect(book.close(2, from: node) == nil)
        #expect(book.close(1, from: node) == "one")
        #expect(book.close(1, from: node) == nil)
        #expect(book.due(at: .after(.seconds(9))) == [])
    }

    @Test("Who waits for longer than a second is told, and a late answer finds nobody")
    func late() {
        var book = RequestBook<String>()
        _ = book.open(1, "one", to: node, at: .after(.zero))
        _ = book.open(2, "two", to: other, at: .after(.milliseconds(500)))
        #expect(book.due(at: .after(.milliseconds(999))) == [])
        #expect(book.due(at: .after(.seconds(1))) == ["one"])
        #expect(book.close(1, from: node) == nil)
        #expect(book.due(at: .after(.seconds(2))) == ["two"])
        #expect(book.count == 0)
    }

    @Test("Parts change what waits, from the right node alone")
    func parts() {
        var book = RequestBook<String>()
        _ = book.open(1, "a", to: node, at: .after(.zero))
        book.update(1, from: node) { $0 += "b" }
        book.update(1, from: other) { $0 += "c" }
        book.update(9, from: node) { $0 += "d" }
        #expect(book.close(1, from: node) == "ab")
    }

    @Test("Who waits for a node that is gone is told at once")
    func gone() {
        var book = RequestBook<String>()
        for number in 0..<4 { _ = book.open(UInt64(number), "\(number)", to: number % 2 == 0 ? node : other, at: .after(.zero)) }
        #expect(book.gone(node) == ["0", "2"])
        #expect(book.gone(node) == [])
        #expect(book.closeAll() == ["1", "3"])
        #expect(book.count == 0)
    }

    @Test("No more than so many wait")
    func limit() {
        var book = RequestBook<String>(limit: 2)
        #expect(book.open(1, "1", to: node, at: .after(.zero)) == true)
        #expect(book.open(2, "2", to: node, at: .after(.zero)) == true)
        #expect(book.open(3, "3", to: node, at: .after(.zero)) == false)
        _ = book.close(1, from: node)
        #expect(book.open(3, "3", to: node, at: .after(.zero)) == true)
        #expect(book.due(at: .after(.seconds(1))) == ["2", "3"])
    }
}
