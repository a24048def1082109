// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import HoldfastWire
package import NIOCore

/// A secret for signed webhooks (Standard Webhooks 1.0): 24 to 64 random bytes, written as `whsec_` and their base64.
package struct WebhookSecret: Sendable {
    private let key: SymmetricKey

    /// - Returns: `nil` when the text is not `whsec_` followed by base64 of 24 to 64 bytes.
    package init?(_ text: String) {
        guard text.hasPrefix("whsec_"), let bytes = Base64.decode(String(text.dropFirst(6))), (24...64).contains(bytes.readableBytes) else {
            return nil
        }
        self.key = SymmetricKey(data: Array(bytes.readableBytesView))
    }

    /// What ``init(_:)`` accepts, for error messages.
    package static let rule = "expected whsec_ followed by 24 to 64 bytes in base64"

    /// The signature of one attempt: HMAC-SHA256 over `id.timestamp.body`, as `v1,` and base64.
    package func sign(id: String, timestamp: Int, body: ByteBuffer) -> String {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("\(id).\(timestamp).".utf8))
        body.withUnsafeReadableBytes { code.update(data: $0) }
        return "v1," + Base64.encode(Array(code.finalize()))
    }
}

extension WebhookSecret: Equatable {
    /// Compared in constant time.
    package static func == (left: WebhookSecret, right: WebhookSecret) -> Bool { left.key == right.key }
}
