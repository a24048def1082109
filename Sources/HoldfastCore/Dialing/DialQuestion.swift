// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What an app is asked that says itself what is to be dialled (`unsocket`).
package struct DialQuestion: Equatable, Sendable {
    /// The connection that is to be had again; `nil` for the first question, which is about all.
    package let name: String?
    /// Failures in a row so far.
    package let failures: Int

    package init(name: String? = nil, failures: Int = 0) {
        self.name = name
        self.failures = failures
    }
}
