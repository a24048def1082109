// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where an app is called: an `http` or `https` URL without user information or fragment.
package struct TargetURL: Hashable, Sendable, CustomStringConvertible {
    package let isTLS: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Starts with a slash.
    package let path: String
    /// With its question mark; empty when there is none.
    package let query: String
    package let description: String

    /// What is accepted, for error messages.
    package static let rule = "expected a URL such as http://localhost:3000/hook"

    /// Stands where there is no app: a name that can never be resolved (RFC 6761 §6.4). Nothing is sent there.
    package static let nowhere: TargetURL = {
        guard let url = TargetURL("http://nobody.invalid/") else { preconditionFailure("that is a URL") }
        return url
    }()

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
