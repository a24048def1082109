// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which messages of one sender have come: an engine may bring what was sent around the break of a connection a second time.
package struct ReplayWindow: Equatable, Sendable {
    package enum Arrival: Equatable, Sendable {
        /// Later than all before it.
        case next
        /// Not seen before, but others that were sent later have come.
        case late
        /// It came before, or is so old that nobody knows.
        case repeated
    }

    /// How far back it remembers.
    package static let span: UInt64 = 16_384

    private var highest: UInt64
    /// A bit for each of the last ``span`` numbers, at the number's remainder.
    private var seen: [UInt64]

    /// - Parameter first: the first message that comes of the sender. What it sent before is not for us any more.
    package init(first: UInt64) {
        highest = first
        seen = Array(repeating: .max, count: Int(Self.span / 64))
    }

    package mutating func take(_ number: UInt64) -> Arrival {
        if number > highest {
            clear(between: highest, and: number)
            highest = number
            mark(number)
            return .next
        }
        guard highest - number < Self.span, seen[Self.word(number)] & Self.bit(number) == 0 else { return .repeated }
        mark(number)
        return .late
    }

    private mutating func mark(_ number: UInt64) { seen[Self.word(number)] |= Self.bit(number) }

    /// Forgets what the numbers between two stood for.
    private mutating func clear(between low: UInt64, and high: UInt64) {
        guard high - low < Self.span else {
            for word in seen.indices { seen[word] = 0 }
            return
        }
        var number = low + 1
        while number < high {
            if number % 64 == 0, high - number >= 64 {
                seen[Self.word(number)] = 0
                number += 64
            } else {
                seen[Self.word(number)] &= ~Self.bit(number)
                number += 1
            }
        }
    }

    private static func word(_ number: UInt64) -> Int { Int(number % span / 64) }
    private static func bit(_ number: UInt64) -> UInt64 { 1 << (number % 64) }
}
