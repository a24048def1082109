// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

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
            let digits = text[text.index(after: colon)...]
            guard let number = UInt16(digits), digits.first?.isNumber == true else { return nil }
            port = Int(number)
            host = text[..<colon]
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard let port, host.contains(":") == isBracketed, !host.contains(where: { "/ []".contains($0) }) else { return nil }
        self.host = String(host)
        self.port = port
    }

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || (host.hasPrefix("127.") && Self.isAddress(host)) }

    /// Whether a host is an IP address rather than a name: TLS must not ask for it by name (RFC 6066 §3).
    package static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { UInt8($0) != nil }
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
