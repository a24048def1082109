// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What an `Authorization` header says.
package enum GripAuthorization: Equatable, Sendable {
    /// There is no such header.
    case none
    case bearer(String)
    case basic(user: String, password: String)
    /// Another scheme, or nothing that can be read: never as good as none.
    case unreadable

    /// - Parameter header: `nil` where there is none. The scheme's name may be written in any case (RFC 9110 §11.1).
    package init(header: String?) {
        guard let header else {
            self = .none
            return
        }
        let parts = header.split(whereSeparator: { $0 == " " || $0 == "\t" })
        self = .unreadable
        guard parts.count == 2 else { return }
        switch parts[0].lowercased() {
        case "bearer": self = .bearer(String(parts[1]))
        case "basic":
            guard let bytes = Base64.decode(String(parts[1])) else { return }
            let pair = bytes.readableBytesView
            var validator = UTF8Validator()
            guard bytes.withUnsafeReadableBytes({ validator.take($0) }), validator.isComplete else { return }
            // The first colon ends the name; a password may hold more (RFC 7617 §2).
            guard let colon = pair.firstIndex(of: UInt8(ascii: ":")) else { return }
            self = .basic(user: String(decoding: pair[..<colon], as: UTF8.self), password: String(decoding: pair[(colon + 1)...], as: UTF8.self))
        default: return
        }
    }

    /// Whether a token has the form of a JSON Web Token: three parts of base64url, of which the first is a JSON object. Says nothing of its worth.
    package static func looksLikeJWT(_ token: String) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && Base64.decode(String($0), urlSafe: true) != nil }) else { return false }
        guard let header = Base64.decode(String(parts[0]), urlSafe: true) else { return false }
        return (try? JSONReader.parse(header))?.object != nil
    }
}
