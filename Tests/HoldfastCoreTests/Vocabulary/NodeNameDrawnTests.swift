// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct NodeNameDrawnTests {
    @Test(
        "The machine's name, as far as a node's name may hold it, and six letters",
        arguments: [
            ("web-1", "web-1"), ("web_1.example.com", "web_1"), ("", "node"), ("...", "node"), ("--", "node"), ("büro", "b--ro"),
            ("-a b-", "a-b"), (String(repeating: "x", count: 80), String(repeating: "x", count: 48)),
        ])
    func host(_ host: String, _ expected: String) {
        let name = NodeName.drawn(host: host, random: .random(in: .min ... .max)).description
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        #expect(parts.dropLast().joined(separator: "-") == expected)
        #expect(parts.last?.count == 6 && parts.last?.allSatisfy { ("a"..."z").contains($0) } == true, "\(name)")
        #expect(NodeName(name)?.description == name, "it is a name")
    }

    @Test("Two processes of one machine have two names")
    func unique() {
        let names = Set((0..<50).map { _ in NodeName.drawn(host: "web", random: .random(in: .min ... .max)) })
        #expect(names.count > 48)
    }
}
