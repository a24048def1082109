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
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let node = NodeName(String(parts[0])), let shard = UInt16(parts[1]), String(shard) == parts[1],
            parts[2].utf8.count == 22, var bytes = Base64.decode(String(parts[2]), urlSafe: true),
            let (slot, high, low) = bytes.readMultipleIntegers(as: (UInt32, UInt32, UInt64).self)
        else { return nil }
        self.node = node
        self.shard = shard
        self.slot = slot
        self.high = high
        self.low = low
    }

    /// Eight of the random bytes: enough to tell whether a slot still holds the connection that was meant.
    package var stamp: UInt64 { low }

    /// The part that no two connections share: 22 characters, safe in URLs and in header values.
    package var token: String {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(slot, high, low)
        var text = ByteBuffer()
        bytes.withUnsafeReadableBytes { Base64.encode($0, into: &text, urlSafe: true) }
        return String(buffer: text)
    }

    package var description: String { "\(node).\(shard).\(token)" }
}
