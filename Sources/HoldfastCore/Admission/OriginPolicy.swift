// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which web pages' scripts may connect: a list of origins, each exact (`https://example.com`) or all hosts below one (`https://*.example.com`, `*.example.com`).
///
/// A request without an Origin header is not from a browser and is let through: only browsers can be made to connect on somebody's behalf.
package struct OriginPolicy: Equatable, Sendable, CustomStringConvertible {
    private struct Pattern: Equatable, Sendable {
        let scheme: String?
        let host: String
        let isWildcard: Bool
        let port: String?
    }

    private let patterns: [Pattern]
    private let origins: [String]

    /// Allows every origin.
    package static let any = OriginPolicy()

    private init() {
        patterns = []
        origins = []
    }

    /// An empty list allows every origin.
    package init(_ origins: [String]) throws(OriginError) {
        var patterns: [Pattern] = []
        for origin in origins { patterns.append(try Self.parse(origin)) }
        self.patterns = patterns
        self.origins = origins
    }

    /// As configuration writes it.
    package var description: String { origins.isEmpty ? "any" : "[\(origins.map { "\"\($0)\"" }.joined(separator: ", "))]" }

    /// - Parameter origins: the values of the Origin header.
    package func allows(_ origins: [String]) -> Bool {
        guard !patterns.isEmpty, !origins.isEmpty else { return true }
        guard origins.count == 1, let origin = try? Self.parse(origins[0].lowercased()), !origin.isWildcard, origin.scheme != nil else {
            return false
        }
        return patterns.contains { pattern in
            guard pattern.scheme == nil || pattern.scheme == origin.scheme else { return false }
            if pattern.scheme != nil || pattern.port != nil, pattern.port != origin.port { return false }
            return pattern.isWildcard ? origin.host.hasSuffix(".\(pattern.host)") : origin.host == pattern.host
        }
    }

    private static func parse(_ text: String) throws(OriginError) -> Pattern {
        var rest = text.lowercased()[...]
        var scheme: String?
        if let separator = rest.firstRange(of: "://") {
            scheme = String(rest[..<separator.lowerBound])
            rest = rest[separator.upperBound...]
        }
        let isWildcard = rest.hasPrefix("*.")
        if isWildcard { rest = rest.dropFirst(2) }
        var port: String?
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            port = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        // Browsers leave the scheme's own port out (RFC 6454 §6.2).
        if (scheme == "https" && port == "443") || (scheme == "http" && port == "80") { port = nil }
        let isHost = !rest.isEmpty && !rest.contains { "/*?#@ ".contains($0) }
        guard isHost, scheme.map({ !$0.isEmpty }) ?? true, port.map({ UInt16($0) != nil }) ?? true else { throw OriginError(text: text) }
        return Pattern(scheme: scheme, host: String(rest), isWildcard: isWildcard, port: port)
    }
}

/// A text that is no origin.
package struct OriginError: Error, Equatable, Sendable, CustomStringConvertible {
    package let text: String
    package static let rule = "expected an origin such as https://example.com, https://*.example.com or *.example.com"
    package var description: String { "\"\(text)\": \(Self.rule)" }
}
