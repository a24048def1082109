// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The header `Grip-Last`: which publication of a channel was the last to come, where later ones are missing.
package enum GripLast {
    /// `channel; last-id=7`, in quotation marks what would otherwise be taken for something else.
    package static func value(channel: ChannelName, lastID: String) -> String { "\(quoted(channel.description)); last-id=\(quoted(lastID))" }

    private static func quoted(_ text: String) -> String {
        guard text.isEmpty || text.utf8.contains(where: { " \t;,=\"\\".utf8.contains($0) }) else { return text }
        return "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
