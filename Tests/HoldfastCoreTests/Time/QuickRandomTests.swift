// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct QuickRandomTests {
    @Test("A seed gives the numbers that SplitMix64 gives everywhere")
    func reference() {
        var generator = QuickRandom(seed: 1_234_567)
        let numbers = (0..<5).map { _ in generator.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ])
    }

    @Test("Seeds next to each other give numbers that have nothing in common")
    func seeds() {
        let firsts = (0..<1000).map { (seed: UInt64) in
            var generator = QuickRandom(seed: seed)
            return generator.next()
        }
        #expect(Set(firsts).count == 1000)
        let differing = zip(firsts, firsts.dropFirst()).map { ($0 ^ $1).nonzeroBitCount }
        #expect((28...36).contains(differing.reduce(0, +) / differing.count), "half of the bits on average")
    }
}
