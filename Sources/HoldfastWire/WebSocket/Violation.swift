// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A rule of RFC 6455 that the peer broke, or a limit that it passed: the code that the connection fails with, and why in words.
package struct Violation: Error, Equatable, Sendable {
    package let code: CloseCode
    package let reason: String

    package init(_ code: CloseCode, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
