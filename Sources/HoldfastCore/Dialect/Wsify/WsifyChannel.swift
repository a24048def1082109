// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Names of channels as wsify's clients and apps write them.
enum WsifyChannel {
    /// What begins so is ours: see ``target(_:key:)``.
    private static let reserved = "wsify:"

    /// What is accepted, for error messages.
    static let rule = "\(ChannelName.rule), not beginning with \(reserved)"

    /// - Returns: the name without white space around it; `nil` when it breaks the ``rule``.
    static func read(_ text: String) -> ChannelName? {
        guard let start = text.firstIndex(where: { !$0.isWhitespace }), let end = text.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        let name = text[start...end]
        return name.utf8.starts(with: reserved.utf8) ? nil : ChannelName(String(name))
    }

    /// Where those subscribers of a channel listen who have one key (v2's `to`). A digest, for channel and key together may be too long for a name.
    static func target(_ channel: ChannelName, key: String) -> ChannelName {
        let digest = SHA256.hash(data: Array("\(channel.description.utf8.count) \(channel)\(key)".utf8))
        let hex = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        guard let name = ChannelName(reserved + hex) else { preconditionFailure("70 letters and digits are a name") }
        return name
    }
}
