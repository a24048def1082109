// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where and why a body is not a list of WebSocket events.
package struct WebSocketEventError: Error, Equatable, CustomStringConvertible, Sendable {
    /// Which event it is, counted from 0. Events of unknown types count.
    package let index: Int
    /// Where the fault is: bytes from the start of the body.
    package let offset: Int
    /// What would be right there.
    package let expected: String
    /// What is there instead.
    package let found: String

    package init(index: Int, offset: Int, expected: String, found: String) {
        self.index = index
        self.offset = offset
        self.expected = expected
        self.found = found
    }

    package var description: String { "events[\(index)], byte \(offset): expected \(expected), found \(found)" }
}
