// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The address of a WebSocket server: a `ws` or `wss` URL (RFC 6455 §3) without user information or fragment.
package struct DialURL: Hashable, Sendable, CustomStringConvertible {
    package let isTLS: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Path and query, as in a request line; starts with a slash.
    package let target: String
    package let description: String

    /// What is accepted, for error messages.
    package static let rule = "expected a URL such as wss://example.com/socket"

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        let rest = text[colon.upperBound...]
        let scheme: String
        switch text[..<colon.lowerBound].lowercased() {
        case "ws": scheme = "http"
        case "wss": scheme = "https"
        default: return nil
        }
        guard let url = TargetURL("\(scheme)://\(rest)") else { return nil }
        isTLS = url.isTLS
        host = url.host
        port = url.port
        target = url.path + url.query
        description = text
    }

    /// The path alone.
    package var path: String { String(target.prefix { $0 != "?" }) }
    /// Without its question mark; empty when there is none.
    package var query: String { String(target.drop { $0 != "?" }.dropFirst()) }

    /// As it may be logged: without the query, where apps have their tokens.
    package var withoutQuery: String { "\(isTLS ? "wss" : "ws")://\(authority)\(path)" }

    /// The value of the Host header.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }
}
