// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a text is no ``TextPattern``.
package struct TextPatternError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and at which character, counted from 1.
    package let description: String

    init(_ description: String) { self.description = description }
}
