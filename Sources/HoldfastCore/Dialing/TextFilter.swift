// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Tells the messages that an app does not want to hear of, by regular expressions. A message is left out when one of them is found in it.
///
/// Only text messages are looked at, and of each only its first ``maxTextBytes``. However the patterns are written, the work is bounded: see
/// ``TextPattern``.
package struct TextFilter: Sendable {
    /// The most patterns of one connection.
    package static let maxPatterns = 32
    /// How far into a message is looked, in bytes. Default 16 KiB.
    package static let maxTextBytes = 16 << 10

    private enum Test: Sendable {
        /// A pattern without a sign that means anything else than itself: found by comparing bytes.
        case bytes([UInt8])
        case pattern(TextPattern)
    }

    private let tests: [Test]

    /// - Throws: a ``TextPatternError`` about the first pattern that is wrong, which it names.
    package init(_ patterns: [String]) throws(TextPatternError) {
        guard patterns.count <= Self.maxPatterns else { throw TextPatternError("more than \(Self.maxPatterns) patterns") }
        var tests: [Test] = []
        for text in patterns {
            let pattern = try TextPattern(text)
            let isPlain = !text.unicodeScalars.contains { "\\.^$|?*+()[]{}".unicodeScalars.contains($0) }
            tests.append(isPlain ? .bytes(Array(text.utf8)) : .pattern(pattern))
        }
        self.tests = tests
    }

    /// Whether the app is not to hear of a message.
    package func excludes(_ payload: Payload) -> Bool {
        guard !tests.isEmpty, case .text(let text) = payload else { return false }
        return text.withUnsafeReadableBytes { all in
            let bytes = UnsafeRawBufferPointer(rebasing: all.prefix(Self.maxTextBytes))
            return tests.contains { test in
                switch test {
                case .bytes(let wanted): Self.find(wanted, in: bytes)
                case .pattern(let pattern): pattern.isFound(in: bytes, isWhole: bytes.count == all.count)
                }
            }
        }
    }

    private static func find(_ wanted: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = wanted.first, wanted.count <= bytes.count else { return false }
        return wanted.withUnsafeBytes { wanted in
            for start in 0...bytes.count - wanted.count where bytes[start] == first {
                if UnsafeRawBufferPointer(rebasing: bytes[start..<start + wanted.count]).elementsEqual(wanted) { return true }
            }
            return false
        }
    }
}
