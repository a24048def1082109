// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a request line asks for (RFC 9112 §3.2): a path and a query, also where a whole URL is written.
struct RequestTarget: Equatable {
    /// Begins with a slash, but for the target `*`.
    let path: String
    /// Without its question mark; empty when there is none.
    let query: String

    init(_ text: String) {
        var rest = text[...]
        if !rest.hasPrefix("/"), let scheme = rest.firstRange(of: "://") {
            let authority = rest[scheme.upperBound...]
            rest = authority[(authority.firstIndex { $0 == "/" || $0 == "?" } ?? authority.endIndex)...]
        }
        let question = rest.firstIndex(of: "?") ?? rest.endIndex
        path = rest[..<question].isEmpty ? "/" : String(rest[..<question])
        query = String(rest[question...].dropFirst())
    }
}
