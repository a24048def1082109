// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Whom a source address stands for: an IPv4 address, or the first 64 bits of an IPv6 address, which one customer has as a whole.
package struct SourceNetwork: Hashable, Sendable {
    private let bits: UInt64
    private let isIPv6: Bool

    /// - Parameter bytes: 4 or 16, in network order. An IPv4 address in IPv6's clothes (`::ffff:…`) is the IPv4 address.
    /// - Returns: `nil` for any other number of bytes.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            bits = Self.number(bytes)
            isIPv6 = false
        case 16 where bytes.prefix(10).allSatisfy({ $0 == 0 }) && bytes.dropFirst(10).prefix(2).allSatisfy({ $0 == 0xFF }):
            bits = Self.number(bytes.suffix(4))
            isIPv6 = false
        case 16:
            bits = Self.number(bytes.prefix(8))
            isIPv6 = true
        default: return nil
        }
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
