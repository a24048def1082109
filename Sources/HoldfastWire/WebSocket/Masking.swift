// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ByteBuffer {
    /// Appends `count` bytes of `source`, each XORed with the masking key (RFC 6455 §5.3), and consumes them there. The same masks and unmasks.
    ///
    /// Copying and unmasking are one pass: the source is the socket's read buffer, which is shared and must not be kept or changed.
    ///
    /// - Parameters:
    ///   - source: where the bytes are taken from; must hold at least `count`.
    ///   - count: how many bytes.
    ///   - key: the masking key in wire order.
    ///   - offset: how many bytes of this frame were taken before.
    package mutating func writeMasked(_ source: inout ByteBuffer, count: Int, key: UInt32, offset: Int) {
        let turned = key.rotatedLeft(by: UInt32(truncatingIfNeeded: (offset & 3) * 8))
        let key32 = turned.bigEndian
        let key64 = UInt64(key32) << 32 | UInt64(key32)
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            source.withUnsafeReadableBytes { bytes in
                var index = 0
                while index + 8 <= count {
                    let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ key64
                    target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                while index < count {
                    target[index] = bytes[index] ^ UInt8(truncatingIfNeeded: turned >> UInt32(24 - (index & 3) * 8))
                    index += 1
                }
            }
            return count
        }
        source.moveReaderIndex(forwardBy: count)
    }
}

extension UInt32 {
    fileprivate func rotatedLeft(by bits: UInt32) -> UInt32 {
        bits == 0 ? self : self << bits | self >> (32 - bits)
    }
}
