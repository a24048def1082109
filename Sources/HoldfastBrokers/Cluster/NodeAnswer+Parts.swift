// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// Answers that are too long for one message.
extension NodeAnswer {
    /// - Returns: at least one part, each of about so many bytes.
    func parts(of bytes: Int) -> [NodeAnswer] {
        switch self {
        case .connections(let connections):
            Self.split(connections, bytes) { 64 + $0.json.readableBytes }.map(NodeAnswer.connections)
        case .channels(let channels): Self.split(channels, bytes) { 8 + $0.name.description.utf8.count }.map(NodeAnswer.channels)
        case .count: [self]
        }
    }

    /// This part and the next.
    func joined(with next: NodeAnswer) -> NodeAnswer {
        switch (self, next) {
        case (.connections(let before), .connections(let more)): .connections(before + more)
        case (.channels(let before), .channels(let more)): .channels(before + more)
        default: next
        }
    }

    private static func split<Element>(_ elements: [Element], _ limit: Int, _ weight: (Element) -> Int) -> [[Element]] {
        var parts: [[Element]] = [[]]
        var bytes = 0
        for element in elements {
            let more = weight(element)
            if bytes > 0, bytes + more > limit {
                parts.append([])
                bytes = 0
            }
            parts[parts.count - 1].append(element)
            bytes += more
        }
        return parts
    }
}
