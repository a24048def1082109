// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why an answer of the app cannot be carried out.
package struct DialectError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// The app answered with a status that means failure.
        case status(Int)
        /// The answer breaks the convention.
        case notUnderstood
    }

    package let code: Code
    /// What is wrong and where, and what is accepted: `actions[2].channel: expected a string`.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package static func status(_ status: Int) -> DialectError { DialectError(.status(status), "the app answered \(status)") }
    package static func notUnderstood(_ what: String) -> DialectError { DialectError(.notUnderstood, what) }

    package var failure: DeliveryFailure {
        switch code {
        case .status(let status): .status(status)
        case .notUnderstood: .notUnderstood(description)
        }
    }
}
