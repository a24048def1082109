// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// An app's regular expressions, and the messages of somebody else in which they are searched for.
///
/// Never a crash, and never work without a bound: an input that takes more than a second is kept by libFuzzer's time limit. What is found in a
/// text is found in it wherever a pattern without anchors stands, and a pattern finds the same whichever way it is written.
enum TextPatterns {
    static let target = FuzzTarget(name: "TextPatterns", maxLength: 600) { input in
        var input = input
        let length = Int(input.byte())
        let pattern = String(decoding: input.take(length), as: Swift.UTF8.self)
        let text = input.text
        let one: TextPattern
        do throws(TextPatternError) {
            one = try TextPattern(pattern)
        } catch {
            claim(!error.description.isEmpty, "an error that says nothing")
            claim((try? TextFilter([pattern])) == nil, "a filter of a pattern that is none: \(pattern)")
            return
        }
        let isFound = found(one, text)
        // The same in other words. Flags within reach to the end of the group that they stand in.
        for other in ["(?:\(pattern))", "(\(pattern))|[^\\s\\S]", "(?:\(pattern)){1}"] {
            guard let again = try? TextPattern(other) else { continue }
            claim(found(again, text) == isFound, "\(pattern) and \(other) in \(text.debugDescription)")
        }
        if let filter = try? TextFilter([pattern]) {
            claim(filter.excludes(.text(ByteBuffer(string: text))) == isFound, "\(pattern) as a filter, in \(text.debugDescription)")
        }
        // Repeated without end, nothing is lost.
        if let many = try? TextPattern("^(?s:.)*(?:\(pattern))"), !pattern.contains("^"), !pattern.contains("\\A") {
            claim(found(many, text) == isFound, "\(pattern) behind anything in \(text.debugDescription)")
        }
    }

    private static func found(_ pattern: TextPattern, _ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { pattern.isFound(in: $0) }
    }
}
