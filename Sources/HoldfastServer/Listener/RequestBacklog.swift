// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import NIOCore
import NIOHTTP1

/// What has come of requests behind the one that is under way.
struct RequestBacklog {
    /// What may come unasked: some looks at the socket. NIO reads all that is there when a client leaves.
    private static let mostBytes = 256 << 10

    private var parts: Deque<HTTPServerRequestPart> = []
    private var bytes = 0

    var isEmpty: Bool { parts.isEmpty }

    /// - Returns: whether there was room for it.
    mutating func keep(_ part: HTTPServerRequestPart) -> Bool {
        bytes += 64
        switch part {
        case .head(let head): bytes += head.headers.reduce(head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        case .body(let part): bytes += part.readableBytes
        case .end: break
        }
        guard bytes <= Self.mostBytes else { return false }
        parts.append(part)
        return true
    }

    mutating func next() -> HTTPServerRequestPart? {
        defer { if parts.isEmpty { bytes = 0 } }
        return parts.popFirst()
    }
}
