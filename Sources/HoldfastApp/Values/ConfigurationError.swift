// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Something that an app is set up with cannot be used: a secret, a limit, a URL. Never shows a secret.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what is accepted.
    public let detail: String

    init(_ detail: String) { self.detail = detail }

    public var description: String { detail }
}
