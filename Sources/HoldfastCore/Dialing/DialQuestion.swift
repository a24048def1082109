// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What an app is asked that says itself what is to be dialled (`unsocket`).
package struct DialQuestion: Equatable, Sendable {
    /// The connection that is to be had again; `nil` for the first question, which is about all.
    package let name: String?
    /// Failures in a row so far.
    package let failures: Int
    /// What went wrong last: how the connection ended, or why it could not be had.
    package let error: String?

    package init(name: String? = nil, failures: Int = 0, error: String? = nil) {
        self.error = error
        self.name = name
        self.failures = failures
    }
}
