// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a control message cannot be carried out.
package struct GripControlError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// It has no effect; the connection goes on.
        case notUnderstood
        /// A subscription has more filters than ``GripFilter/maxPerSubscription``: the connection is to be closed with 1011.
        case tooManyFilters
    }

    package let code: Code
    /// What is wrong and where, and what is accepted: `channel: expected a string, found a number`.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
