// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One run of a node, from its start to its end.
package struct NodeInstance: Hashable, Sendable, CustomStringConvertible {
    package let name: NodeName
    /// Drawn anew at each start.
    package let number: UInt64

    package init(_ name: NodeName, _ number: UInt64) {
        self.name = name
        self.number = number
    }

    package var description: String { "\(name) (\(String(number, radix: 16)))" }
}
