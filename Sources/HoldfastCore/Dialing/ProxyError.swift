// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a proxy that the environment names cannot be used: which variable, and what is accepted. Never says what the variable holds: it may be a password.
package struct ProxyError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
