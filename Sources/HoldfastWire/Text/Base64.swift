// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Base64 over `ByteBuffer` (RFC 4648): the standard alphabet with padding, and the URL-safe one without.
///
/// Binary messages pass through here on the hot path, in a target without Foundation.
package enum Base64 {
    /// Appends the encoding of `bytes` to `buffer`.
    package static func encode(_ bytes: UnsafeRawBufferPointer, into buffer: inout ByteBuffer, urlSafe: Bool = false) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: encodedCount(of: bytes.count)) { encode(bytes, into: $0, urlSafe: urlSafe) }
    }

    /// Bytes of the standard encoding of `count` bytes; the URL-safe one may have two fewer.
    static func encodedCount(of count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes the encoding of `bytes` to `target`, which has room for it.
    ///
    /// - Returns: how many bytes were written.
    static func encode(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, urlSafe: Bool = false) -> Int {
        let whole = encodedCount(of: bytes.count)
        let alphabet = urlSafe ? urlAlphabet : standardAlphabet
        return alphabet.withUnsafeBufferPointer { letters in
            var out = 0
            var index = 0
            while index < bytes.count {
                let left = min(3, bytes.count - index)
                var group = UInt32(bytes[index]) << 16
                if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
                if left > 2 { group |= UInt32(bytes[index + 2]) }
                for place in 0...left {
                    target[out] = letters[Int(group >> UInt32(18 - 6 * place) & 63)]
                    out += 1
                }
                index += left
            }
            if !urlSafe {
                while out < whole {
                    target[out] = UInt8(ascii: "=")
                    out += 1
                }
            }
            return out
        }
    }

    /// The encoding of `bytes` as a string.
    package static func encode(_ bytes: some Collection<UInt8>, urlSafe: Bool = false) -> String {
        var buffer = ByteBuffer()
        let copy = Array(bytes)
        copy.withUnsafeBytes { encode($0, into: &buffer, urlSafe: urlSafe) }
        return String(buffer: buffer)
    }

    /// Decodes text in the standard alphabet, with its padding.
    ///
    /// - Returns: `nil` when a character is outside the alphabet, padding is wrong or unused bits are set.
    package static func decode(_ text: String, urlSafe: Bool = false) -> ByteBuffer? {
        var text = text
        return text.withUTF8 { decode(UnsafeRawBufferPointer($0), urlSafe: urlSafe) }
    }

    private static func decode(_ text: UnsafeRawBufferPointer, urlSafe: Bool) -> ByteBuffer? {
        var count = text.count
        if urlSafe {
            guard count % 4 != 1 else { return nil }
        } else {
            guard count % 4 == 0 else { return nil }
            while count > 0, text.count - count < 2, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        }
        var buffer = ByteBufferAllocator().buffer(capacity: count / 4 * 3 + 3)
        var group: UInt32 = 0
        var bits = 0
        for index in 0..<count {
            guard let value = value(of: text[index], urlSafe: urlSafe) else { return nil }
            group = group << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                buffer.writeInteger(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        guard group & (1 << UInt32(bits) - 1) == 0, bits < 6 else { return nil }
        return buffer
    }

    /// The six bits that a letter stands for; `nil` outside the alphabet.
    package static func value(of letter: UInt8, urlSafe: Bool) -> UInt8? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+") where !urlSafe, UInt8(ascii: "-") where urlSafe: 62
        case UInt8(ascii: "/") where !urlSafe, UInt8(ascii: "_") where urlSafe: 63
        default: nil
        }
    }

    private static let standardAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
