// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a JSON Patch cannot be applied.
package struct JSONPatchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which operation, and what is wrong with it: `[2] (test "/a/0"): the value there is another one`.
    package let description: String

    package init(_ description: String) { self.description = description }
}
