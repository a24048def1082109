// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a message reader made of the bytes of one WebSocket, up to the first violation.
struct MessageReading: Equatable {
    var steps: [MessageReader.Step] = []
    var violation: Violation?
    /// How many bytes were fed when the violation was told.
    var fed = 0
    /// Whether the reader held to its promise of taking all bytes when it asks for more.
    var leftBytes = false

    init(_ pieces: [ArraySlice<UInt8>], expectsMask: Bool = true, maxMessageBytes: Int = 1 << 20, inflater: Inflater? = nil) {
        var reader = MessageReader(expectsMask: expectsMask, maxMessageBytes: maxMessageBytes)
        for piece in pieces {
            var buffer = ByteBuffer.amid(piece)
            fed += piece.count
            do throws(Violation) {
                var step = try reader.next(from: &buffer, inflater: inflater)
                while step != .needMore {
                    steps.append(step)
                    step = try reader.next(from: &buffer, inflater: inflater)
                }
                if buffer.readableBytes > 0 { leftBytes = true }
            } catch {
                violation = error
                return
            }
        }
    }

    init(_ frames: RawFrame..., expectsMask: Bool = true, maxMessageBytes: Int = 1 << 20, inflater: Inflater? = nil) {
        self.init([frames.flatMap(\.bytes)[...]], expectsMask: expectsMask, maxMessageBytes: maxMessageBytes, inflater: inflater)
    }

    /// Feeds single bytes, so that `fed` tells which one broke a rule.
    init(eachOf bytes: [UInt8], expectsMask: Bool = true, maxMessageBytes: Int = 1 << 20, inflater: Inflater? = nil) {
        let pieces = bytes.indices.map { bytes[$0...$0] }
        self.init(pieces, expectsMask: expectsMask, maxMessageBytes: maxMessageBytes, inflater: inflater)
    }
}

extension MessageReader.Step {
    static func text(_ text: String) -> Self { .text(ByteBuffer(string: text)) }
    static func binary(_ bytes: [UInt8]) -> Self { .binary(ByteBuffer(bytes: bytes)) }
    static func ping(_ text: String) -> Self { .ping(ByteBuffer(string: text)) }
    static func pong(_ text: String) -> Self { .pong(ByteBuffer(string: text)) }
}
