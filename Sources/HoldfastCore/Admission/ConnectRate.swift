// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// So many connects in so much time, as in `30/1m`.
package struct ConnectRate: Hashable, Sendable, CustomStringConvertible {
    package let connects: Int
    package let period: Duration

    /// What is accepted, for error messages.
    package static let rule = "expected connects per duration, such as 30/1m (1 to 1000000), or off"

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].allSatisfy(\.isNumber), let connects = Int(parts[0]), (1...1_000_000).contains(connects),
            let period = SettingType<Duration>.duration.parse(String(parts[1]))
        else { return nil }
        self.init(connects: connects, period: period)
    }

    package init(connects: Int, period: Duration) {
        self.connects = connects
        self.period = period
    }

    package var description: String { "\(connects)/\(period.setting)" }
}
