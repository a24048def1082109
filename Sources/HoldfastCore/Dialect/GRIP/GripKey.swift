// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// A key for GRIP's tokens as a setting has it: the secret itself, or the file that holds the key.
///
/// Every text form of it hides the secret.
package enum GripKey: Equatable, Sendable {
    /// What tokens are signed with by HMAC-SHA256. Never empty when it comes from ``init(_:)``.
    case secret([UInt8])
    /// The path of a key in PEM (EC P-256 or RSA), or of a secret in hex. Whether it can be used shows when it is read, at start-up.
    case file(String)

    /// What ``init(_:)`` accepts, for error messages.
    package static let rule = "expected a secret as text, base64: followed by its bytes in base64, or file: followed by the path of a key file"

    /// - Parameter text: `base64:` and the secret's bytes (RFC 4648 §4, with padding), `file:` and a path, or a secret that is used as it stands.
    /// - Throws: a ``GripKeyError`` when the text breaks the ``rule``.
    package init(_ text: String) throws(GripKeyError) {
        guard !text.isEmpty else { throw .empty }
        if let encoded = text.after("base64:") {
            guard !encoded.isEmpty else { throw .empty }
            guard let bytes = Base64.decode(encoded) else { throw .badBase64 }
            self = .secret(Array(bytes.readableBytesView))
        } else if let path = text.after("file:") {
            guard !path.isEmpty else { throw .noPath }
            self = .file(path)
        } else {
            // Taken for a secret it would sign by HMAC, with a text that may be public.
            guard !text.contains("-----BEGIN") else { throw .inlinePEM }
            self = .secret(Array(text.utf8))
        }
    }
}

extension GripKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `(hidden)`, or `file:` and the path.
    package var description: String {
        switch self {
        case .secret: "(hidden)"
        case .file(let path): "file:\(path)"
        }
    }

    package var debugDescription: String { description }

    /// Without this, `dump` would show the secret.
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension String {
    /// What follows the prefix; `nil` where the text begins otherwise.
    fileprivate func after(_ prefix: String) -> String? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
}
