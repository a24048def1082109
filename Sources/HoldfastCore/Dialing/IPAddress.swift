// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address as bytes, so that every way to write it is the same address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16, in network order.
    package let bytes: [UInt8]

    /// - Returns: `nil` for any number of bytes other than 4 or 16.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads `192.0.2.1` or `2001:db8::1`, without brackets, zone or port.
    ///
    /// - Returns: `nil` for all else, also for what C libraries take for an address: `127.1`, `0x7f.0.0.1`, `017700000001`.
    package init?(_ text: String) {
        guard let bytes = text.utf8.contains(UInt8(ascii: ":")) ? Self.six(text) : Self.four(text) else { return nil }
        self.bytes = bytes
    }

    /// Whether the first bits of the address are those of a network; an address is in no network of the other family.
    package func isIn(_ network: IPAddress, prefix bits: Int) -> Bool {
        guard bytes.count == network.bytes.count else { return false }
        for index in 0..<bytes.count where index * 8 < bits {
            let mask: UInt8 = bits - index * 8 >= 8 ? 0xFF : ~(0xFF >> UInt8(bits - index * 8))
            if bytes[index] & mask != network.bytes[index] & mask { return false }
        }
        return true
    }

    /// As RFC 5952 has it: in lower case, the longest run of zeros left out.
    package var description: String {
        guard bytes.count == 16 else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(longest.count, 1) { longest = start..<index }
            start = index + 1
        }
        let words = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return words.joined(separator: ":") }
        return words[..<longest.lowerBound].joined(separator: ":") + "::" + words[longest.upperBound...].joined(separator: ":")
    }

    private static func four(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in UInt8(part).flatMap { String($0) == part ? $0 : nil } }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func six(_ text: String) -> [UInt8]? {
        // A zone names an interface of this machine; nobody else can mean one.
        guard text.utf8.count <= 45 else { return nil }
        guard let gap = text.firstRange(of: "::") else {
            return groups(text).flatMap { $0.count == 16 ? $0 : nil }
        }
        let (head, tail) = (text[..<gap.lowerBound], text[gap.upperBound...])
        guard let before = head.isEmpty ? [] : groups(head, mayEndInFour: false), let after = tail.isEmpty ? [] : groups(tail) else { return nil }
        let missing = 16 - before.count - after.count
        return missing >= 2 ? before + [UInt8](repeating: 0, count: missing) + after : nil
    }

    private static func groups(_ text: some StringProtocol, mayEndInFour: Bool = true) -> [UInt8]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndInFour, index == parts.count - 1, part.contains("."), let last = four(part) {
                bytes += last
            } else if (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit), let group = UInt16(part, radix: 16) {
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            } else {
                return nil
            }
        }
        return bytes
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }
}
