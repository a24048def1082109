// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Names one connection in the whole cluster, and says where it lives: `node.shard.token`, for example `n1.0.AAAAB3v9mQx0a2bJ4cdEfQ`.
///
/// The token is 16 bytes in URL-safe base64: the connection's slot in its shard's table (4 bytes) and 96 random bits. An action addressed
/// to it goes straight to the shard and the slot; the random bits must match, so an id cannot be guessed and a reused slot is not mistaken.
package struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    package let node: NodeName
    package let shard: UInt16
    package let slot: UInt32
    private let high: UInt32
    private let low: UInt64

    package init(node: NodeName, shard: UInt16, slot: UInt32, using generator: inout some RandomNumberGenerator) {
        self.node = node
        self.shard = shard
        self.slot = slot
        self.high = generator.next()
        self.low = generator.next()
    }

    /// Reads an id as ``description`` writes it; `nil` for anything else.
    package init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8({ ConnectionID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// Reads an id from its bytes: messages for one connection name it in the path of their request, each time.
    package init?(utf8 bytes: UnsafeRawBufferPointer) {
        let start = bytes.count - Self.tokenBytes
        guard start > 0, bytes[start - 1] == UInt8(ascii: "."), let dot = bytes[..<(start - 1)].firstIndex(of: UInt8(ascii: ".")),
            let node = NodeName(String(decoding: bytes[..<dot], as: UTF8.self)), let shard = Self.shard(bytes[(dot + 1)..<(start - 1)]),
            let token = Self.token(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        else { return nil }
        self.node = node
        self.shard = shard
        slot = UInt32(truncatingIfNeeded: token >> 96)
        high = UInt32(truncatingIfNeeded: token >> 64)
        low = UInt64(truncatingIfNeeded: token)
    }

    private static let tokenBytes = 22

    /// A number as Swift writes it: no sign, no zeros in front.
    private static func shard(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt16? {
        guard let first = digits.first, digits.count <= 5, first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        var number = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return UInt16(exactly: number)
    }

    /// 16 bytes in 22 letters, of which the last has four bits to spare.
    private static func token(_ letters: UnsafeRawBufferPointer) -> UInt128? {
        var bits: UInt128 = 0
        for letter in letters.dropLast() {
            guard let value = Base64.value(of: letter, urlSafe: true) else { return nil }
            bits = bits << 6 | UInt128(value)
        }
        guard let last = letters.last.flatMap({ Base64.value(of: $0, urlSafe: true) }), last & 15 == 0 else { return nil }
        return bits << 2 | UInt128(last >> 4)
    }

    /// Eight of the random bytes: enough to tell whether a slot still holds the connection that was meant.
    package var stamp: UInt64 { low }

    /// The part that no two connections share: 22 characters, safe in URLs and in header values.
    package var token: String {
        String(unsafeUninitializedCapacity: Self.tokenCount) { room in
            writeToken(to: room)
            return Self.tokenCount
        }
    }

    package var description: String {
        var node = node.description
        return node.withUTF8 { node in
            // A number of 16 bits has five digits at most.
            String(unsafeUninitializedCapacity: node.count + 5 + 2 + Self.tokenCount) { room in
                _ = room.initialize(fromContentsOf: node)
                var count = node.count
                room[count] = UInt8(ascii: ".")
                count += 1
                var divisor: UInt16 = shard < 10 ? 1 : 10_000
                while divisor > 1, divisor > shard { divisor /= 10 }
                while divisor > 0 {
                    room[count] = UInt8(ascii: "0") + UInt8(shard / divisor % 10)
                    count += 1
                    divisor /= 10
                }
                room[count] = UInt8(ascii: ".")
                count += 1
                writeToken(to: UnsafeMutableBufferPointer(rebasing: room[count...]))
                return count + Self.tokenCount
            }
        }
    }

    private static let tokenCount = 22

    /// Six bits a letter, from the highest; the last has two, and zeros behind them (RFC 4648 §5).
    private func writeToken(to room: UnsafeMutableBufferPointer<UInt8>) {
        let upper = UInt64(slot) << 32 | UInt64(high)
        for place in 0..<10 { room[place] = Self.letter(UInt8(truncatingIfNeeded: upper >> UInt64(58 - 6 * place)) & 63) }
        room[10] = Self.letter(UInt8(truncatingIfNeeded: upper & 15) << 2 | UInt8(truncatingIfNeeded: low >> 62))
        for place in 0..<10 { room[11 + place] = Self.letter(UInt8(truncatingIfNeeded: low >> UInt64(56 - 6 * place)) & 63) }
        room[21] = Self.letter(UInt8(truncatingIfNeeded: low & 3) << 4)
    }

    /// The letter of the URL-safe alphabet for six bits.
    private static func letter(_ bits: UInt8) -> UInt8 {
        switch bits {
        case 0..<26: UInt8(ascii: "A") + bits
        case 26..<52: UInt8(ascii: "a") + bits - 26
        case 52..<62: UInt8(ascii: "0") + bits - 52
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }
}
