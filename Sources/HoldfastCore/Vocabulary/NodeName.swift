// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The name of one Holdfast process, unique in its cluster: 1 to 64 letters, digits, `-` and `_`.
package struct NodeName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Returns: `nil` when the text is not such a name. A dot in particular: it separates the parts of a connection's id.
    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.description = text
    }

    /// The name of a node that stands alone.
    package static let standalone = NodeName(unchecked: "n1")

    init(unchecked text: String) { self.description = text }

    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
