// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Adds up what several loops report of the same actions.
package struct ActionTally: Equatable, Sendable {
    private var sums: [ActionResult?]

    package init(count: Int) { sums = Array(repeating: nil, count: count) }

    /// Adds one report: deliveries are summed, anything else stands as first said.
    package mutating func add(_ result: ActionResult, at index: Int) {
        switch (sums[index], result) {
        case (.done(let before)?, .done(let more)): sums[index] = .done(delivered: before + more)
        case (nil, _): sums[index] = result
        case (.some, _): break
        }
    }

    /// One result per action; what nobody reported was not found.
    package var results: [ActionResult] { sums.map { $0 ?? .notFound } }
}
