// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The name of a channel: 1 to 256 bytes of UTF-8 without control characters.
package struct ChannelName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name, in bytes.
    package static let maxBytes = 256
    /// What is accepted, for error messages.
    package static let rule = "expected 1 to \(maxBytes) bytes without control characters"

    package let description: String

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        guard (1...Self.maxBytes).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        self.description = text
    }
}
