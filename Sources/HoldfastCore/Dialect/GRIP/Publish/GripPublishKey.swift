// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
package import NIOCore

/// What publishers must know: the key that stands in their `GRIP_URL`, and the issuer, if one is configured.
package struct GripPublishKey: Sendable {
    /// What is to be done with a request.
    package enum Verdict: Equatable, Sendable {
        case allowed
        case refused
        /// It depends on this JSON Web Token: allowed when it is signed with ``hmacKey`` (HS256), has not expired and names the ``issuer``.
        case verify(token: String)
    }

    /// What ``init(_:issuer:)`` accepts, for error messages.
    package static let rule = "expected a text that is not empty, or base64: followed by at least one byte in base64"

    /// What tokens are signed with.
    package let hmacKey: ByteBuffer
    /// What a token's `iss` must be, and the user of the Basic form; `nil` where it does not matter.
    package let issuer: String?
    /// The forms in which a publisher may say the key itself.
    private let spoken: [String]

    /// - Parameter text: the key, or `base64:` and its bytes.
    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String, issuer: String? = nil) {
        let prefix = "base64:"
        if text.hasPrefix(prefix) {
            guard let bytes = Base64.decode(String(text.dropFirst(prefix.count))), bytes.readableBytes > 0 else { return nil }
            hmacKey = bytes
            // A library may send what stands in its GRIP_URL, or the bytes that this stands for.
            var validator = UTF8Validator()
            let isText = bytes.withUnsafeReadableBytes { validator.take($0) } && validator.isComplete
            spoken = isText ? [text, String(buffer: bytes)] : [text]
        } else {
            guard !text.isEmpty else { return nil }
            hmacKey = ByteBuffer(string: text)
            spoken = [text]
        }
        self.issuer = issuer
    }

    /// Compared in constant time.
    package func judge(_ authorization: GripAuthorization) -> Verdict {
        switch authorization {
        case .none, .unreadable: return .refused
        case .bearer(let token):
            if isKey(token) { return .allowed }
            return GripAuthorization.looksLikeJWT(token) ? .verify(token: token) : .refused
        case .basic(let user, let password):
            // Both are always compared.
            let isUser = issuer.map { ConstantTime.equal(user, $0) } ?? true
            let isPassword = isKey(password)
            return isUser && isPassword ? .allowed : .refused
        }
    }

    private func isKey(_ text: String) -> Bool {
        spoken.reduce(false) { found, key in ConstantTime.equal(text, key) || found }
    }
}
