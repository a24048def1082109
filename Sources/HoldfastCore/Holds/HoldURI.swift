// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A resolved `http` or `https` URI (RFC 3986).
package struct HoldURI: Hashable, Sendable, CustomStringConvertible {
    package let isTLS: Bool
    /// In lower case, with the brackets of an IPv6 address, without user information.
    package let host: String
    package let port: Int
    /// Begins with a slash.
    package let path: String
    /// Without the question mark; `nil` where there is none.
    package let query: String?

    /// What is accepted as a reference, for error messages.
    package static let rule = "expected an http or https URI, or a path such as /next?from=7"

    /// - Parameters:
    ///   - authority: the value of a Host header.
    ///   - target: a request target: path and query.
    /// - Returns: `nil` where those do not make a URI.
    package init?(isTLS: Bool, authority: String, target: String) {
        guard let (host, port) = Self.hostAndPort(authority[...], isTLS: isTLS), target.hasPrefix("/"), let target = Self.encoded(target) else {
            return nil
        }
        self.isTLS = isTLS
        self.host = host
        self.port = port
        (path, query) = Self.pathAndQuery(target[...])
    }

    private init(isTLS: Bool, host: String, port: Int, path: String, query: String?) {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    /// The URI that a reference means, seen from this one (RFC 3986 §5.2); its fragment is left off.
    ///
    /// - Returns: `nil` where the reference breaks the ``rule``.
    package func resolving(_ reference: String) -> HoldURI? {
        guard let encoded = Self.encoded(reference) else { return nil }
        var rest = encoded.prefix { $0 != "#" }
        var isTLS = isTLS
        if let colon = rest.firstIndex(where: { ":/?".contains($0) }), rest[colon] == ":" {
            switch rest[..<colon].lowercased() {
            case "http": isTLS = false
            case "https": isTLS = true
            default: return nil
            }
            rest = rest[colon...].dropFirst()
            guard rest.hasPrefix("//") else { return nil }
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard let (host, port) = Self.hostAndPort(rest[..<end], isTLS: isTLS) else { return nil }
            let (path, query) = Self.pathAndQuery(rest[end...])
            return HoldURI(isTLS: isTLS, host: host, port: port, path: Self.withoutDots(path.isEmpty ? "/" : path), query: query)
        }
        let (path, query) = Self.pathAndQuery(rest)
        if path.isEmpty { return HoldURI(isTLS: isTLS, host: host, port: port, path: self.path, query: query ?? self.query) }
        let merged = path.hasPrefix("/") ? path : self.path[...(self.path.lastIndex(of: "/") ?? self.path.startIndex)] + path
        return HoldURI(isTLS: isTLS, host: host, port: port, path: Self.withoutDots(merged), query: query)
    }

    /// Whether a text is a reference, wherever it is seen from.
    package static func isReference(_ text: String) -> Bool {
        HoldURI(isTLS: false, host: "localhost", port: 80, path: "/", query: nil).resolving(text) != nil
    }

    /// Whether scheme, host and port are the same: then the link leads back to the same public service, and its app may be asked directly.
    package func isSameService(as other: HoldURI) -> Bool { isTLS == other.isTLS && host == other.host && port == other.port }

    /// Path and query, for a request line.
    package var target: String { query.map { "\(path)?\($0)" } ?? path }

    /// The value of the Host header.
    package var authority: String { port == (isTLS ? 443 : 80) ? host : "\(host):\(port)" }

    package var description: String { "\(isTLS ? "https" : "http")://\(authority)\(target)" }

    // MARK: Parts

    /// The text with what is not ASCII as `%XX`; `nil` with white space or control characters in it, or with nothing.
    private static func encoded(_ text: String) -> String? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        return String(decoding: text.utf8.flatMap { $0 < 0x80 ? [$0] : Array("%\(String($0, radix: 16, uppercase: true))".utf8) }, as: UTF8.self)
    }

    private static func hostAndPort(_ authority: Substring, isTLS: Bool) -> (String, Int)? {
        let end: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            guard authority[..<bracket].dropFirst().utf8.allSatisfy({ isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else {
                return nil
            }
            end = authority.index(after: bracket)
        } else {
            end = authority.firstIndex(of: ":") ?? authority.endIndex
            guard authority[..<end].utf8.allSatisfy({ isHostByte($0) }) else { return nil }
        }
        guard end > authority.startIndex else { return nil }
        let host = authority[..<end].lowercased()
        var port = isTLS ? 443 : 80
        if end < authority.endIndex {
            let digits = authority[end...].dropFirst()
            guard authority[end] == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            if !digits.isEmpty {
                guard let number = UInt16(digits), number > 0 else { return nil }
                port = Int(number)
            }
        }
        return (host, port)
    }

    /// Unreserved characters, sub-delimiters and percent signs (RFC 3986 §3.2.2).
    private static func isHostByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-._~!$&'()*+,;=%".utf8.contains(byte)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func pathAndQuery(_ text: Substring) -> (String, String?) {
        let question = text.firstIndex(of: "?") ?? text.endIndex
        return (String(text[..<question]), question < text.endIndex ? String(text[question...].dropFirst()) : nil)
    }

    /// The path without its segments `.` and `..` (RFC 3986 §5.2.4).
    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (place, segment) in segments.enumerated() {
            let isLast = place == segments.count - 1
            switch segment {
            case ".", "..":
                if segment == "..", !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
