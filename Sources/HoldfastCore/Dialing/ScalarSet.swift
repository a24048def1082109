// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalars, as a class in a ``TextPattern`` has it.
struct ScalarSet: Equatable, Sendable {
    /// Sorted, and apart from each other.
    private var ranges: [ClosedRange<UInt32>] = []
    /// The scalars below 128, for a look-up without a search.
    private var low: (UInt64, UInt64) = (0, 0)

    init(_ ranges: [ClosedRange<UInt32>]) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
        for scalar in 0..<UInt32(128) where self.ranges.contains(where: { $0.contains(scalar) }) {
            if scalar < 64 { low.0 |= 1 << UInt64(scalar) } else { low.1 |= 1 << UInt64(scalar - 64) }
        }
    }

    init(_ scalar: UInt32) { self.init([scalar...scalar]) }

    static func == (one: ScalarSet, other: ScalarSet) -> Bool { one.ranges == other.ranges }

    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return low.0 >> UInt64(scalar) & 1 == 1 }
        if scalar < 128 { return low.1 >> UInt64(scalar - 64) & 1 == 1 }
        return ranges.contains { $0.contains(scalar) }
    }

    /// Its scalar, where it is but one.
    var only: UInt32? { ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil }

    /// Everything that is not in it.
    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.last { gaps.append(next...Self.last) }
        return ScalarSet(gaps)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    /// With the other case of each letter from A to Z that is in it.
    var ignoringCase: ScalarSet {
        let others = (UInt32(0x41)...0x5A).flatMap { upper in
            let lower = upper + 0x20
            return (contains(upper) ? [lower...lower] : []) + (contains(lower) ? [upper...upper] : [])
        }
        return ScalarSet(ranges + others)
    }

    private static let last: UInt32 = 0x10FFFF
    static let everything = ScalarSet([0...last])
    static let lineFeed = ScalarSet(0x0A)
    static let digits = ScalarSet([0x30...0x39])
    static let words = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let spaces = ScalarSet([0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
}
