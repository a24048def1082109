// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where an app is called: an `http` or `https` URL without user information or fragment.
package struct TargetURL: Hashable, Sendable, CustomStringConvertible {
    package let isTLS: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Starts with a slash, without one at its end unless it is all.
    package let path: String
    /// With its question mark; empty when there is none.
    package let query: String
    package let description: String

    /// What is accepted, for error messages.
    package static let rule = "expected a URL such as http://localhost:3000/hook"

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        guard let colon = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#") else { return nil }
        switch text[..<colon.lowerBound].lowercased() {
        case "http": isTLS = false
        case "https": isTLS = true
        default: return nil
        }
        let rest = text[colon.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let address = HostPort(String(rest[..<end]), defaultPort: isTLS ? 443 : 80), !address.host.contains("@"), !address.host.isEmpty else {
            return nil
        }
        host = address.host
        port = address.port
        let question = rest[end...].firstIndex(of: "?") ?? rest.endIndex
        query = String(rest[question...])
        let path = rest[end..<question]
        self.path = path.isEmpty ? "/" : String(path)
        description = text
    }

    /// The value of the Host header.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// What comes after the path's own end when a dialect adds to it: `/hook` and `/7` make `/hook/7`.
    package func requestTarget(appending suffix: String) -> String {
        guard !suffix.isEmpty else { return path + query }
        return (path.hasSuffix("/") ? String(path.dropLast()) : path) + suffix + query
    }
}

/// A host and a port, as in `127.0.0.1:8080`, `[::1]:8080` or `:8080`.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets; empty for all addresses.
    package let host: String
    package let port: Int

    /// What is accepted, for error messages.
    package static let rule = "expected HOST:PORT, such as 127.0.0.1:8080, [::1]:8080 or :8080 for all addresses"

    /// - Parameter defaultPort: for a text without a port; without it such a text is refused.
    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String, defaultPort: Int? = nil) {
        var host = text[...]
        var port = defaultPort
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]"), text.hasPrefix("[") || text.firstIndex(of: ":") == colon {
            guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
            port = Int(number)
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        }
        guard let port, !host.contains("/"), !host.contains(" "), !host.contains("[") else { return nil }
        self.host = String(host)
        self.port = port
    }

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// Whether a host is an IP address rather than a name: TLS must not ask for it by name (RFC 6066 §3).
    package static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { UInt8($0) != nil }
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
