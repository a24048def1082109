// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct NodeNameTests {
    @Test(
        "A name is 1 to 64 letters, digits, hyphens and underscores",
        arguments: ["a", "n1", "eu-west_2", "-", "0", String(repeating: "Z", count: 64)])
    func accepts(_ text: String) {
        #expect(NodeName(text)?.description == text)
    }

    @Test(
        "Everything else is refused, a dot above all",
        arguments: ["", "a.b", ".", "a b", "a/b", "é", "a\n", "a:1", String(repeating: "z", count: 65)])
    func refuses(_ text: String) {
        #expect(NodeName(text) == nil)
    }

    @Test("A node that stands alone has a name that it could have been given")
    func standalone() {
        #expect(NodeName(NodeName.standalone.description) == .standalone)
    }
}
