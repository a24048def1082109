// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Publications of one channel that follow one another in a turn, on their way to its subscribers: joined, so that each gets all with one write.
struct OutgoingRun {
    let publications: [Publication]
    private(set) var messages: [OutgoingMessage]
    /// The frames for clients without compression.
    let plain: ByteBuffer
    /// A few at most: one for each window, level and threshold in use.
    private var compressed: [(deflater: Deflater, threshold: Int, bytes: ByteBuffer)] = []

    /// - Parameter publications: one at least.
    init(_ publications: [Publication]) {
        self.publications = publications
        messages = publications.map { OutgoingMessage($0.payload) }
        plain = Self.join(messages.map(\.plain))
    }

    var count: Int { messages.count }

    /// All frames for a client: with compression, which must be a shared one, or without.
    mutating func bytes(for compression: Compression?) -> ByteBuffer {
        guard let compression else { return plain }
        if let made = compressed.first(where: { $0.deflater === compression.deflater && $0.threshold == compression.threshold }) { return made.bytes }
        let bytes = Self.join(messages.indices.map { messages[$0].frame(for: compression) })
        compressed.append((compression.deflater, compression.threshold, bytes))
        return bytes
    }

    /// One of them alone.
    mutating func withMessage<Result>(_ index: Int, _ body: (Publication, inout OutgoingMessage) -> Result) -> Result {
        body(publications[index], &messages[index])
    }

    private static func join(_ frames: [ByteBuffer]) -> ByteBuffer {
        if frames.count == 1 { return frames[0] }
        var joined = ByteBufferAllocator().buffer(capacity: frames.reduce(0) { $0 + $1.readableBytes })
        for frame in frames { joined.writeImmutableBuffer(frame) }
        return joined
    }
}
