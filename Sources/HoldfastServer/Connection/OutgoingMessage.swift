// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// One message on its way to any number of clients of one event loop: framed once, and compressed at most once for all that agreed alike.
struct OutgoingMessage {
    private let opcode: Opcode
    private let payload: ByteBuffer
    /// The frame for clients without compression.
    let plain: ByteBuffer
    /// A few at most: one for each window and level in use.
    private var compressed: [(deflater: Deflater, frame: ByteBuffer)] = []

    init(_ payload: Payload) {
        switch payload {
        case .text(let bytes): (opcode, self.payload) = (.text, bytes)
        case .binary(let bytes): (opcode, self.payload) = (.binary, bytes)
        }
        plain = FrameWriter.frame(opcode, self.payload)
    }

    /// The frame for a client with compression; the plain one when the message is short.
    mutating func frame(for compression: Compression) -> ByteBuffer {
        guard payload.readableBytes >= compression.threshold, payload.readableBytes > 0 else { return plain }
        guard compression.isShared else { return FrameWriter.frame(opcode, compression.deflater.deflate(payload), isCompressed: true) }
        if let made = compressed.first(where: { $0.deflater === compression.deflater }) { return made.frame }
        let deflated = compression.deflater.deflate(payload)
        // What does not shrink goes out as it is, and costs the client nothing.
        let frame = deflated.readableBytes < payload.readableBytes ? FrameWriter.frame(opcode, deflated, isCompressed: true) : plain
        compressed.append((compression.deflater, frame))
        return frame
    }
}
