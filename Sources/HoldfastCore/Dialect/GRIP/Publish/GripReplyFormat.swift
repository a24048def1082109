// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// What a publish request is answered in, as its `Accept` header has it.
package enum GripReplyFormat: Equatable, Sendable {
    case text
    case json

    /// What the client likes best, by quality (RFC 9110 §12.5.1). Among equals the range that is listed last wins, and text where one range
    /// covers both, as in Pushpin, which does not look at qualities at all.
    ///
    /// - Parameter accept: `nil` or empty for any.
    /// - Returns: `nil` when it accepts neither.
    package static func choose(accept: String?) -> GripReplyFormat? {
        guard let accept, accept.utf8.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return .text }
        let ranges = accept.split(separator: ",").map(MediaRange.init)
        let text = preference(in: ranges, exact: "text/plain", kind: "text/*")
        let json = preference(in: ranges, exact: "application/json", kind: "application/*")
        switch (text, json) {
        case (nil, nil): return nil
        case (_, nil): return .text
        case (nil, _): return .json
        case (let text?, let json?):
            if text.quality != json.quality { return text.quality > json.quality ? .text : .json }
            return text.place >= json.place ? .text : .json
        }
    }

    /// One range of types with its quality, 0 to 1.
    private struct MediaRange {
        let type: String
        let quality: Double

        init(_ text: Substring) {
            let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
                part.filter { $0 != " " && $0 != "\t" }.lowercased()
            }
            type = parts[0]
            let given = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
            // A quality that cannot be read says nothing.
            quality = given.flatMap { Double($0) }.flatMap { (0...1).contains($0) ? $0 : nil } ?? 1
        }
    }

    /// The most specific range that covers a type decides; `nil` when none does, or it refuses the type.
    private static func preference(in ranges: [MediaRange], exact: String, kind: String) -> (quality: Double, place: Int)? {
        for names in [[exact], [kind], ["*/*", "*"]] {
            guard let place = ranges.lastIndex(where: { names.contains($0.type) }) else { continue }
            return ranges[place].quality > 0 ? (ranges[place].quality, place) : nil
        }
        return nil
    }
}
