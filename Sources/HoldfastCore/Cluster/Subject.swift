// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The subjects of one cluster: where messages between its nodes go.
///
/// They hold letters, digits, `-`, `_` and dots alone, which every engine takes.
package struct Subject: Equatable, Sendable {
    /// The longest word that a channel's name becomes.
    package static let maxChannelBytes = 128
    /// What is left of a longer one; `_H` and 32 digits of a hash follow it.
    private static let cutBytes = maxChannelBytes - 34

    private let channels: String
    private let nodes: String
    /// What every node hears.
    package let all: String

    /// - Parameter cluster: letters, digits, `-` and `_`.
    package init(cluster: String) {
        channels = cluster + ".c."
        nodes = cluster + ".n."
        all = cluster + ".all"
    }

    /// What one node hears.
    package func node(_ name: NodeName) -> String { nodes + name.description }

    /// What nodes hear that have subscribers of a channel.
    ///
    /// No two channels share one, unless the first 128 bits of the SHA-256 of two long names are the same.
    package func channel(_ name: ChannelName) -> String {
        var text = name.description
        let word = text.withUTF8 { name in
            String(unsafeUninitializedCapacity: channels.utf8.count + 3 * name.count) { room in
                var count = 0
                for byte in channels.utf8 {
                    room[count] = byte
                    count += 1
                }
                for byte in name {
                    if Self.isPlain(byte) {
                        room[count] = byte
                        count += 1
                    } else {
                        room[count] = UInt8(ascii: "_")
                        room[count + 1] = Self.digit(byte >> 4)
                        room[count + 2] = Self.digit(byte & 15)
                        count += 3
                    }
                }
                return count
            }
        }
        guard word.utf8.count - channels.utf8.count > Self.maxChannelBytes else { return word }
        // All of it is ASCII: any place in it is between two letters.
        let start = String(decoding: word.utf8.prefix(channels.utf8.count + Self.cutBytes), as: UTF8.self)
        let hash = SHA256.hash(data: Array(name.description.utf8)).prefix(16).flatMap { [Self.digit($0 >> 4), Self.digit($0 & 15)] }
        return start + "_H" + String(decoding: hash, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
}
