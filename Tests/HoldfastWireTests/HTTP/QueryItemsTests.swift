// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

@Suite struct QueryItemsTests {
    @Test(arguments: [
        ("", [String]()), ("a", ["a="]), ("a=1&b=2", ["a=1", "b=2"]), ("a=1&&a=2&", ["a=1", "a=2"]), ("=x", ["=x"]), ("a=b=c", ["a=b=c"]),
        ("a+b=c+d", ["a b=c d"]), ("%61=%C3%A9", ["a=é"]), ("a=%zz&b=1", ["b=1"]), ("a=%4&b=1", ["b=1"]), ("%=1&b", ["b="]),
        ("a=%ff", ["a=\u{FFFD}"]),
        ("é=🎈", ["é=🎈"]), ("a;b=1", ["a;b=1"]),
    ])
    func pairs(query: String, expected: [String]) {
        #expect(QueryItems(query).items.map { "\($0.name)=\($0.value)" } == expected)
    }

    @Test func theFirstValueCounts() {
        let items = QueryItems("b=0&a=1&a=2")
        #expect(items["a"] == "1")
        #expect(items["c"] == nil)
        #expect(items["A"] == nil)
    }

    @Test func valuesAreGroupedInTheOrderOfTheirNames() {
        let groups = QueryItems("b=1&a=2&b=3").grouped
        #expect(groups.map(\.name) == ["b", "a"])
        #expect(groups.map(\.values) == [["1", "3"], ["2"]])
        // Names that only look the same are two.
        #expect(QueryItems("%C3%A9=1&e%CC%81=2").grouped.count == 2)
    }
}
