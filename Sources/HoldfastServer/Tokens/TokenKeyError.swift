// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a key cannot sign or verify tokens: one sentence that names its setting, its file if it has one, and what is accepted.
package struct TokenKeyError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}
