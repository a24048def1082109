// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a text is no ``GripKey``. Never says anything of the text.
package enum GripKeyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no secret: an empty text, or nothing after `base64:`.
    case empty
    case badBase64
    /// There is nothing after `file:`.
    case noPath
    /// The text is a PEM key itself, whose place is a file.
    case inlinePEM

    package var description: String {
        switch self {
        case .empty: "a key must not be empty"
        case .badBase64: "what follows base64: must be base64 with its padding, in the alphabet with + and /"
        case .noPath: "file: needs the path of a key file"
        case .inlinePEM: "a PEM key must stand in a file of its own; give file: and its path"
        }
    }
}
