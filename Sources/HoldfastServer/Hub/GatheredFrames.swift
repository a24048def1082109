// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Frames that the connections of one event loop hold back to the end of the turn: a list for each, all in one array, so that to write costs no
/// memory of a connection's own.
struct GatheredFrames {
    /// One connection's frames.
    struct List {
        fileprivate var first: Int32 = -1
        fileprivate var last: Int32 = -1

        var isEmpty: Bool { first < 0 }
    }

    private struct Node {
        var frame: ByteBuffer
        var next: Int32
    }

    /// Memory for more is not kept when all is sent.
    private static let mostKept = 4096

    private var nodes: [Node] = []
    /// The first of the nodes that are free, which are a list, too.
    private var free: Int32 = -1
    private var count = 0
    /// What several frames are joined in.
    private var joined = ByteBuffer()

    mutating func append(_ frame: ByteBuffer, to list: inout List) {
        let place = free < 0 ? Int32(nodes.count) : free
        if free < 0 {
            nodes.append(Node(frame: frame, next: -1))
        } else {
            free = nodes[Int(place)].next
            nodes[Int(place)] = Node(frame: frame, next: -1)
        }
        count += 1
        if list.isEmpty { list.first = place } else { nodes[Int(list.last)].next = place }
        list.last = place
    }

    /// Empties a list.
    ///
    /// - Returns: all its frames in one piece.
    mutating func take(_ list: inout List) -> ByteBuffer {
        guard !list.isEmpty else { return ByteBuffer() }
        defer {
            list = List()
            if count == 0, nodes.count > Self.mostKept {
                nodes = []
                free = -1
            }
        }
        if list.first == list.last { return takeOut(list.first).frame }
        // Whoever could not send all that was joined before has kept that piece of memory; then there is another one from now on.
        joined.clear()
        var place = list.first
        while place >= 0 {
            let node = takeOut(place)
            joined.writeImmutableBuffer(node.frame)
            place = node.next
        }
        return joined
    }

    private mutating func takeOut(_ place: Int32) -> Node {
        let node = nodes[Int(place)]
        nodes[Int(place)] = Node(frame: Self.nothing, next: free)
        free = place
        count -= 1
        return node
    }

    private static let nothing = ByteBuffer()
}
