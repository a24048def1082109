// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A W3C trace context: the trace that a connection's webhooks belong to.
package struct TraceContext: Equatable, Sendable {
    let high: UInt64
    let low: UInt64
    let flags: UInt8

    init(high: UInt64, low: UInt64, flags: UInt8) {
        self.high = high
        self.low = low
        self.flags = flags
    }

    /// A new trace, not sampled by decree: that is the app's to decide.
    package init(using generator: inout some RandomNumberGenerator) {
        high = generator.next()
        low = generator.next() | 1
        flags = 0
    }

    /// Reads a `traceparent` header of version 00; `nil` for anything else.
    package init?(traceparent: String) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00", parts[1].utf8.count == 32, parts[2].utf8.count == 16, parts[3].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy(Self.isLowerHex) }), parts[2].contains(where: { $0 != "0" }),
            let high = UInt64(parts[1].prefix(16), radix: 16), let low = UInt64(parts[1].suffix(16), radix: 16),
            let flags = UInt8(parts[3], radix: 16),
            high | low != 0
        else { return nil }
        self.high = high
        self.low = low
        self.flags = flags
    }

    /// Bytes of a `traceparent` header's value.
    package static let length = 55

    /// Writes the header's value for one request within the trace.
    ///
    /// - Parameter buffer: takes ``length`` bytes more.
    package func write(span: UInt64, into buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.length) { text in
            text[0] = UInt8(ascii: "0")
            text[1] = UInt8(ascii: "0")
            text[2] = UInt8(ascii: "-")
            Self.write(high, at: 3, into: text)
            Self.write(low, at: 19, into: text)
            text[35] = UInt8(ascii: "-")
            Self.write(span | 1, at: 36, into: text)
            text[52] = UInt8(ascii: "-")
            text[53] = Self.digits(of: UInt32(flags)).byte(6)
            text[54] = Self.digits(of: UInt32(flags)).byte(7)
            return Self.length
        }
    }

    private static func write(_ value: UInt64, at place: Int, into text: UnsafeMutableRawBufferPointer) {
        text.storeBytes(of: digits(of: UInt32(truncatingIfNeeded: value >> 32)).bigEndian, toByteOffset: place, as: UInt64.self)
        text.storeBytes(of: digits(of: UInt32(truncatingIfNeeded: value)).bigEndian, toByteOffset: place + 8, as: UInt64.self)
    }

    /// Eight hex digits, the first in the highest byte. All at once: one by one they cost more than the rest of the header.
    private static func digits(of value: UInt32) -> UInt64 {
        var spread = UInt64(value)
        spread = (spread << 16 | spread) & 0x0000_FFFF_0000_FFFF
        spread = (spread << 8 | spread) & 0x00FF_00FF_00FF_00FF
        spread = (spread << 4 | spread) & 0x0F0F_0F0F_0F0F_0F0F
        let isLetter = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return spread + 0x3030_3030_3030_3030 + isLetter * 0x27
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension UInt64 {
    /// The byte at a place, counted from the highest.
    fileprivate func byte(_ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * place)) }
}
