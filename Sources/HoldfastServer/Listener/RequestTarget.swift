// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a request line asks for (RFC 9112 §3.2): a path and a query, also where a whole URL is written.
struct RequestTarget: Equatable {
    /// Begins with a slash, but for the target `*`.
    let path: String
    /// Without its question mark; empty when there is none.
    let query: String

    init(_ text: String) {
        // Byte by byte: characters cost a handshake twenty times as much, and one that begins with a mark of the grammar is none of its marks.
        var rest = text.utf8[...]
        if rest.first != UInt8(ascii: "/"), let scheme = text.firstRange(of: "://") {
            let authority = rest[scheme.upperBound...]
            rest = authority[(authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? authority.endIndex)...]
        }
        let question = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        path = question == rest.startIndex ? "/" : String(Substring(rest[..<question]))
        query = question == rest.endIndex ? "" : String(Substring(rest[rest.index(after: question)...]))
    }
}
