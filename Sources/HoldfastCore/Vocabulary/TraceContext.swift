// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A W3C trace context: the trace that a connection's webhooks belong to.
package struct TraceContext: Equatable, Sendable {
    private let high: UInt64
    private let low: UInt64
    private let flags: UInt8

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

    /// The header of one request within the trace.
    package func traceparent(span: UInt64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(55)
        text += [0x30, 0x30, 0x2D]
        Self.append(high, 16, to: &text)
        Self.append(low, 16, to: &text)
        text.append(0x2D)
        Self.append(span | 1, 16, to: &text)
        text.append(0x2D)
        Self.append(UInt64(flags), 2, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ value: UInt64, _ digits: Int, to text: inout [UInt8]) {
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(place * 4)) & 0xF
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
