// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastCore

@Suite struct SubjectTests {
    private let subject = Subject(cluster: "holdfast")

    @Test(
        "A channel's name becomes a word of letters that every engine takes",
        arguments: [
            ("room", "holdfast.c.room"), ("Room-7", "holdfast.c.Room-7"), ("a_b", "holdfast.c.a_5Fb"), ("a.b", "holdfast.c.a_2Eb"),
            ("*", "holdfast.c._2A"), (">", "holdfast.c._3E"), ("a b", "holdfast.c.a_20b"), ("ö", "holdfast.c._C3_B6"), ("_H", "holdfast.c._5FH"),
        ])
    func channels(name: String, expected: String) { #expect(subject.channel(.sample(name)) == expected) }

    @Test("Long names are cut, and told from each other by a hash")
    func long() {
        let full = String(repeating: "a", count: 128)
        #expect(subject.channel(.sample(full)) == "holdfast.c." + full)
        let longer = subject.channel(.sample(full + "b"))
        #expect(longer.utf8.count == "holdfast.c.".utf8.count + 128)
        #expect(longer.hasPrefix("holdfast.c." + String(repeating: "a", count: 94) + "_H"))
        #expect(longer != subject.channel(.sample(full + "c")))
        #expect(longer.hasSuffix("_H539DEB4A951195CA3377514B8A44B950"))
    }

    @Test("Different names become different words of allowed letters")
    func injective() {
        var random = QuickRandom(seed: 3)
        let letters = Array("ab_H-.5F * ö\u{1F600}>")
        var seen: [String: String] = [:]
        for _ in 0..<2_000 {
            let text = String((0..<Int.random(in: 1...60, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
            guard let name = ChannelName(text) else { continue }
            let word = subject.channel(name)
            let isPlain = word.utf8.dropFirst("holdfast.c.".utf8.count).allSatisfy {
                $0 == 0x2D || $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            }
            #expect(isPlain)
            #expect(word.utf8.count <= "holdfast.c.".utf8.count + Subject.maxChannelBytes)
            if let other = seen.updateValue(text, forKey: word) { #expect(other.utf8.elementsEqual(text.utf8)) }
        }
    }

    @Test("Nodes and the cluster have subjects of their own")
    func others() {
        #expect(subject.node(.sample("n_1")) == "holdfast.n.n_1")
        #expect(subject.all == "holdfast.all")
        #expect(Subject(cluster: "a") != Subject(cluster: "b"))
    }
}
