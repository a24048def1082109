// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension Handshake {
    /// What answers a handshake's key (RFC 6455 §1.3): the SHA-1 of the key and ``acceptSuffix``, in base64.
    package static func accept(for key: String) -> String {
        var buffer = ByteBuffer()
        writeAccept(for: key, into: &buffer)
        return String(buffer: buffer)
    }

    /// Writes ``accept(for:)``.
    package static func writeAccept(for key: String, into buffer: inout ByteBuffer) {
        let words = SHA1.hash(key.utf8, acceptSuffix.utf8)
        withUnsafeBytes(of: words) { Base64.encode($0, into: &buffer) }
    }
}

/// SHA-1 (FIPS 180-4 §6.1), for the answer to a handshake alone: a sign that the answer is none out of a cache, with no secret in it.
///
/// It allocates nothing. With the objects that swift-crypto makes for a hash, and the arrays around them, a handshake had 2 % more instructions.
enum SHA1 {
    typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32)

    /// The hash of one text and then another, its words in network order.
    static func hash(_ first: String.UTF8View, _ second: String.UTF8View) -> Words {
        let count = first.count + second.count
        var state: Words = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)
        // Behind the message a bit, zeros, and the message's length in bits.
        withUnsafeTemporaryAllocation(byteCount: (count + 8) / 64 * 64 + 64, alignment: 8) { message in
            message.initializeMemory(as: UInt8.self, repeating: 0)
            var place = 0
            for byte in first { (message[place], place) = (byte, place + 1) }
            for byte in second { (message[place], place) = (byte, place + 1) }
            message[count] = 0x80
            message.storeBytes(of: UInt64(count * 8).bigEndian, toByteOffset: message.count - 8, as: UInt64.self)
            for block in stride(from: 0, to: message.count, by: 64) { take(UnsafeRawBufferPointer(rebasing: message[block..<block + 64]), &state) }
        }
        return (state.0.bigEndian, state.1.bigEndian, state.2.bigEndian, state.3.bigEndian, state.4.bigEndian)
    }

    private static func take(_ block: UnsafeRawBufferPointer, _ state: inout Words) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { words in
            for index in 0..<16 { words[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)) }
            for index in 16..<80 {
                let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
                words[index] = mixed << 1 | mixed >> 31
            }
            var (a, b, c, d, e) = state
            for index in 0..<80 {
                let (mixed, constant): (UInt32, UInt32) =
                    switch index {
                    case 0..<20: (b & c | ~b & d, 0x5A82_7999)
                    case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                    case 40..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                    default: (b ^ c ^ d, 0xCA62_C1D6)
                    }
                let next = (a << 5 | a >> 27) &+ mixed &+ e &+ constant &+ words[index]
                (a, b, c, d, e) = (next, a, b << 30 | b >> 2, c, d)
            }
            state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
        }
    }
}
