// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A client's message that is not the JSON that the app expects.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, and where: `to: expected a string`.
    public let detail: String

    init(_ detail: String) { self.detail = detail }

    public var description: String { detail }
}
