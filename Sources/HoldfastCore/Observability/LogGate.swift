// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Lets some lines about one kind of trouble through in each interval, and counts what is held back: when an app or a broker is down, each
/// connection has the same to say.
///
/// An interval begins with the first line after the one before has passed.
package struct LogGate: Equatable, Sendable {
    private let lines: Int
    private let interval: Duration
    private var nextAt: MonotonicTime?
    private var passed = 0
    private var held = 0

    /// - Parameters:
    ///   - lines: how many go through in an interval.
    ///   - interval: of what length.
    package init(lines: Int = 1, every interval: Duration) {
        self.lines = lines
        self.interval = interval
    }

    /// There is something to be said.
    ///
    /// - Parameter count: of how many things, where one line is about several.
    /// - Returns: how many things were held back since the last line; `nil` where this is held back too.
    package mutating func pass(_ count: Int = 1, at now: MonotonicTime) -> Int? {
        if nextAt.map({ now >= $0 }) ?? true {
            nextAt = now + interval
            passed = 0
        }
        guard passed < lines else {
            held += count
            return nil
        }
        passed += 1
        defer { held = 0 }
        return held
    }
}
