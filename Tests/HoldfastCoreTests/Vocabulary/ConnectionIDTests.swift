// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ConnectionIDTests {
    @Test("Any id is read back from its own text", arguments: 0..<200)
    func roundTrip(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        let id = ConnectionID(
            node: .sample(["n1", "eu-west_2", "-"][Int(seed % 3)]), shard: .random(in: 0 ... .max, using: &generator),
            slot: .random(in: 0 ... .max, using: &generator), using: &generator)
        #expect(ConnectionID(id.description) == id)
        #expect(ConnectionID(id.description)?.stamp == id.stamp)
    }

    @Test("The smallest and the largest numbers are read back", arguments: [(0, 0), (UInt16.max, UInt32.max)])
    func extremes(_ shard: UInt16, _ slot: UInt32) {
        let id = ConnectionID.sample(shard: shard, slot: slot)
        let read = ConnectionID(id.description)
        #expect(read == id)
        #expect(read?.shard == shard)
        #expect(read?.slot == slot)
        #expect(read?.node == .standalone)
    }

    @Test("The text begins with the node and the shard, which say where to go")
    func shape() {
        let id = ConnectionID.sample(node: .sample("eu-2"), shard: 31, slot: 7)
        #expect(id.description == "eu-2.31.\(id.token)")
        #expect(id.token.utf8.count == 22)
    }

    @Test("Node and token are safe in URLs and in header values", arguments: 0..<50)
    func isSafeInURLs(_ seed: UInt64) {
        // RFC 3986 §2.3: what never needs escaping.
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        #expect(ConnectionID.sample(seed, shard: .max, slot: .max).description.allSatisfy(unreserved.contains))
    }

    @Test("96 bits of an id are random, and nothing of them repeats the slot")
    func randomBits() {
        /// Feeds in the bits that are wanted.
        struct Fixed: RandomNumberGenerator {
            let bits: UInt64
            mutating func next() -> UInt64 { bits }
        }
        var zeros = Fixed(bits: 0)
        var ones = Fixed(bits: .max)
        let low = bits(of: ConnectionID(node: .standalone, shard: 0, slot: 0, using: &zeros))
        let high = bits(of: ConnectionID(node: .standalone, shard: 0, slot: 0, using: &ones))
        #expect(low.count == 128)
        #expect(zip(low, high).count { $0 != $1 } == 96)
        #expect(low.prefix(32) == high.prefix(32), "the slot comes first and is not random")

        // Two generators' ids differ in about half of those bits.
        let differing = zip(bits(of: .sample(1)), bits(of: .sample(2))).count { $0 != $1 }
        #expect((24...72).contains(differing))
    }

    @Test("Ids of one slot differ by their random bits, and by their stamps")
    func reusedSlot() {
        var generator = QuickRandom(seed: 9)
        let ids = (0..<1000).map { _ in ConnectionID(node: .standalone, shard: 0, slot: 5, using: &generator) }
        #expect(Set(ids).count == 1000)
        #expect(Set(ids.map(\.stamp)).count == 1000)
    }

    @Test(
        "Every malformed text is refused",
        arguments: [
            "", ".", "..", "n1", "n1.0", "n1.0.", "n1.0.AAAAB3v9mQx0a2bJ4cdEfQ.", ".n1.0.AAAAB3v9mQx0a2bJ4cdEfQ", "n1..AAAAB3v9mQx0a2bJ4cdEfQ",
            ".0.AAAAB3v9mQx0a2bJ4cdEfQ", "n 1.0.AAAAB3v9mQx0a2bJ4cdEfQ", "n\u{e9}.0.AAAAB3v9mQx0a2bJ4cdEfQ",
            // The shard: one way of writing each number.
            "n1.00.AAAAB3v9mQx0a2bJ4cdEfQ", "n1.01.AAAAB3v9mQx0a2bJ4cdEfQ", "n1.+1.AAAAB3v9mQx0a2bJ4cdEfQ", "n1.-1.AAAAB3v9mQx0a2bJ4cdEfQ",
            "n1.-0.AAAAB3v9mQx0a2bJ4cdEfQ", "n1.65536.AAAAB3v9mQx0a2bJ4cdEfQ", "n1.x.AAAAB3v9mQx0a2bJ4cdEfQ", "n1. 0.AAAAB3v9mQx0a2bJ4cdEfQ",
            "n1.\u{0661}.AAAAB3v9mQx0a2bJ4cdEfQ",
            // The token: 22 characters of URL-safe base64, of which the last has four unused bits.
            "n1.0.AAAAB3v9mQx0a2bJ4cdEf", "n1.0.AAAAB3v9mQx0a2bJ4cdEfQA", "n1.0.AAAAB3v9mQx0a2bJ4cdEfQ==", "n1.0.AAAAB3v9mQx0a2bJ4cdE==",
            "n1.0.AAAAB3v9mQx0a2bJ4cdEfR", "n1.0.AAAAB3v9mQx0a2bJ4cdEfG", "n1.0.AAAA+3v9mQx0a2bJ4cdEfQ", "n1.0.AAAA/3v9mQx0a2bJ4cdEfQ",
            "n1.0.AAAA 3v9mQx0a2bJ4cdEfQ", "n1.0.AAAA\n3v9mQx0a2bJ4cdEfQ", " n1.0.AAAAB3v9mQx0a2bJ4cdEfQ", "n1.0.AAAAB3v9mQx0a2bJ4cdEfQ\n",
            "n1.0.AAAAB3v9mQx0a2bJ4cd\u{e9}Q",
        ])
    func refuses(_ text: String) {
        #expect(ConnectionID(text) == nil)
    }

    @Test("The text that the malformed ones are made from is an id")
    func wellFormed() {
        #expect(ConnectionID("n1.0.AAAAB3v9mQx0a2bJ4cdEfQ")?.slot == 7)
    }

    /// The bits of a token, the highest first.
    private func bits(of id: ConnectionID) -> [Bool] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let all = id.token.flatMap { letter in
            let value = alphabet.firstIndex(of: letter) ?? -1
            return (0..<6).map { value >> (5 - $0) & 1 == 1 }
        }
        return Array(all.prefix(128))
    }
}
