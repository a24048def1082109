// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Bytes to compress: what shrinks well, what shrinks somewhat and what does not shrink at all.
enum DeflateSample: CaseIterable, Sendable {
    case zeros, text, random

    /// The longest sample's bytes.
    static let most = 200 << 10

    func buffer(_ count: Int) -> ByteBuffer {
        let whole =
            switch self {
            case .zeros: Self.zeroBytes
            case .text: Self.textBytes
            case .random: Self.randomBytes
            }
        guard let slice = whole.getSlice(at: 0, length: count) else { preconditionFailure("\(count) bytes are more than there are") }
        return slice
    }

    private static let zeroBytes = ByteBuffer(repeating: 0, count: most)

    /// Lines as a chat or a feed of prices has them.
    private static let textBytes: ByteBuffer = {
        var random = SplitMix64(seed: 7)
        var buffer = ByteBuffer()
        while buffer.readableBytes < most {
            let price = Int.random(in: 100...99_999, using: &random)
            buffer.writeString("{\"type\":\"tick\",\"symbol\":\"\(["ABC", "XYZ", "QRS"][price % 3])\",\"price\":\(price),\"note\":\"grüße\"}\n")
        }
        return buffer
    }()

    private static let randomBytes: ByteBuffer = {
        var random = SplitMix64(seed: 11)
        var buffer = ByteBuffer()
        for _ in 0..<(most / 8) { buffer.writeInteger(random.next()) }
        return buffer
    }()
}
