// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct ViewPortionTests {
    private func connections(_ sizes: [Int]) -> [ShownConnection] {
        var generator = SystemRandomNumberGenerator()
        return sizes.enumerated().map { index, size in
            ShownConnection(
                id: ConnectionID(node: .sample("a"), shard: 0, slot: UInt32(index), using: &generator),
                json: ByteBuffer(repeating: 0x20, count: size))
        }
    }

    @Test("What another node asks for is bounded on both sides")
    func limits() {
        #expect([Int.min, -1, 0, 5, 1001, 1002, Int.max].map(ViewPortion.limit) == [0, 0, 0, 5, 1001, 1001, 1001])
    }

    @Test("An answer ends with the connection that fills it, and there is always one")
    func cut() {
        #expect(ViewPortion.cut(connections([])).isEmpty)
        #expect(ViewPortion.cut(connections([1 << 20, 1])).count == 1)
        #expect(ViewPortion.cut(connections(Array(repeating: 100 << 10, count: 9))).count == 3)
        #expect(ViewPortion.cut(connections(Array(repeating: 100, count: 1001))).count == 1001)
    }

    @Test("Who asks knows whether there may be more")
    func whole() {
        let small = connections([10, 10])
        #expect(ViewPortion.isWhole(small, asked: 3))
        #expect(!ViewPortion.isWhole(small, asked: 2), "as many as asked for")
        #expect(!ViewPortion.isWhole(ViewPortion.cut(connections(Array(repeating: 100 << 10, count: 9))), asked: 100), "it was cut")
        #expect(ViewPortion.isWhole([], asked: 1))
    }
}
