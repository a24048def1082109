// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How much one node tells another of what it holds at a time: a page is put together of as many portions as it takes.
package enum ViewPortion {
    /// The most entries of one answer: the longest page, and one that shows whether there is more.
    package static let maxEntries = 1001
    /// An answer that has so many bytes ends there: brokers carry no messages of any size.
    package static let maxBytes = 256 << 10

    /// What is asked for, as far as it is given.
    package static func limit(_ asked: Int) -> Int { min(max(asked, 0), maxEntries) }

    /// The first of the connections, up to the one that fills the answer.
    package static func cut(_ connections: [ShownConnection]) -> [ShownConnection] {
        var bytes = 0
        for (index, connection) in connections.enumerated() {
            bytes += connection.json.readableBytes
            if bytes >= maxBytes { return Array(connections[...index]) }
        }
        return connections
    }

    /// Whether a node has told all that it was asked for, or has.
    package static func isWhole(_ connections: [ShownConnection], asked: Int) -> Bool {
        connections.count < limit(asked) && connections.reduce(0) { $0 + $1.json.readableBytes } < maxBytes
    }
}
