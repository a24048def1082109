// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Waits for a condition instead of a time.
///
/// - Parameters:
///   - what: what is waited for, for the error.
///   - within: after this long, and two hundred looks, the wait is given up: on a busy machine whoever looks seldom gets its turn, and so does what
///     is waited for.
/// - Throws: ``Overdue`` when the condition did not come true in time.
package func eventually(_ what: String, within: Duration = .seconds(30), _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + within
    var looks = 0
    while try await !condition() {
        looks += 1
        guard looks < 200 || ContinuousClock.now < deadline else { throw Overdue(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A condition that did not come true in time.
package struct Overdue: Error, CustomStringConvertible {
    package let what: String

    package var description: String { "waited in vain until \(what)" }
}
