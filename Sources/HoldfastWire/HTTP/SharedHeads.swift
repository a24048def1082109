// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Keeps what texts share, for one event loop: a text that shares all of it with one before refers to the same bytes.
///
/// A bounded number of them is kept; a text keeps its own alive, so to forget one here does no harm.
package struct SharedHeads {
    private static let places: UInt = 128
    /// Places where one may be: two that come by turns must not drive each other out.
    private static let tries: UInt = 4
    /// What is longer is not kept here.
    private static let mostBytes = 4096

    private var kept: [[UInt8]] = []

    package init() {}

    /// The same text, with what it shares.
    package mutating func shared(_ head: SplitHead) -> SplitHead {
        var head = head.shrunk
        guard !head.shared.isEmpty, head.shared.count <= Self.mostBytes else { return head }
        if kept.isEmpty { kept = Array(repeating: [], count: Int(Self.places)) }
        var hasher = Hasher()
        head.shared.withUnsafeBytes { hasher.combine(bytes: $0) }
        let hash = UInt(bitPattern: hasher.finalize())
        for step in 0..<Self.tries {
            let place = Int((hash &+ step) % Self.places)
            if kept[place].isEmpty { kept[place] = head.shared }
            if kept[place] == head.shared {
                head.shared = kept[place]
                return head
            }
        }
        kept[Int((hash &+ hash / Self.places % Self.tries) % Self.places)] = head.shared
        return head
    }
}
