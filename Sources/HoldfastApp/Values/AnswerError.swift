// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// An action that the gateway would refuse, found before it is sent.
public struct AnswerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what is accepted: `close.code: expected 1000, 1001, …, found 1002`.
    public let detail: String

    init(_ detail: String) { self.detail = detail }

    public var description: String { detail }
}
