// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How the text of a setting becomes a value, and what is accepted, for error messages.
package struct SettingType<Value: Sendable>: Sendable {
    package let rule: String
    package let parse: @Sendable (String) -> Value?

    package init(rule: String, parse: @escaping @Sendable (String) -> Value?) {
        self.rule = rule
        self.parse = parse
    }
}

extension SettingType where Value == Int {
    package static func integer(_ range: ClosedRange<Int>) -> Self {
        let top = range.upperBound == Int.max ? "up" : "to \(range.upperBound)"
        return Self(rule: "expected a whole number from \(range.lowerBound) \(top)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A size in bytes: a number alone, or with KiB, MiB, GiB (1024), KB, MB, GB (1000).
    package static func bytes(atLeast least: Int = 1) -> Self {
        Self(rule: "expected a size such as 512, 16KiB or 1MiB" + (least > 1 ? ", at least \(least) bytes" : "")) { text in
            let units = [
                ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1),
            ]
            guard let unit = units.first(where: { text.hasSuffix($0.0) }), let number = Int(text.dropLast(unit.0.count)) else { return nil }
            let (size, overflow) = number.multipliedReportingOverflow(by: unit.1)
            return overflow || size < least || size > Int(UInt32.max) / 2 ? nil : size
        }
    }
}

extension SettingType where Value == Int {
    /// How often a webhook is repeated, or `unlimited`.
    static var retries: Self {
        Self(rule: "expected a whole number from 0 to 100, or unlimited") { text in
            text == "unlimited" ? WebhookPolicy.unlimited : Int(text).flatMap { (0...100).contains($0) ? $0 : nil }
        }
    }
}

extension SettingType where Value == Int? {
    /// A whole number, or `off`.
    package static func integerOrOff(_ range: ClosedRange<Int>) -> Self {
        Self(rule: "expected a whole number from \(range.lowerBound) to \(range.upperBound), or off") { text in
            text == "off" || text == "false" ? .some(nil) : Int(text).flatMap { range.contains($0) ? .some($0) : nil }
        }
    }
}

extension SettingType where Value == Duration {
    /// A length of time above zero.
    package static var duration: Self {
        Self(rule: "expected a duration such as 250ms, 10s, 2m or 1h", parse: parseDuration)
    }
}

extension SettingType where Value == Duration {
    /// A length of time within bounds.
    static func duration(from least: Duration, to most: Duration) -> Self {
        Self(rule: "expected a duration from \(least.setting) to \(most.setting)") { text in
            parseDuration(text).flatMap { (least...most).contains($0) ? $0 : nil }
        }
    }
}

extension SettingType where Value == Duration? {
    /// A length of time above zero, or `off`.
    package static var durationOrOff: Self {
        Self(rule: "expected a duration such as 250ms, 10s, 2m or 1h, or off") { text in
            text == "off" || text == "false" ? .some(nil) : parseDuration(text).map { .some($0) }
        }
    }
}

extension SettingType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a fixed set of words.
    package static var word: Self {
        Self(rule: "expected " + Value.allCases.map(\.rawValue).joined(separator: ", ")) { Value(rawValue: $0) }
    }
}

extension SettingType where Value == String {
    package static var text: Self { Self(rule: "expected a text that is not empty") { $0.isEmpty ? nil : $0 } }
}

extension SettingType where Value == Bool {
    package static var bool: Self { Self(rule: "expected true or false") { ["true": true, "false": false][$0] } }
}

/// Rounded to whole microseconds, so that what is shown can be set again.
private let parseDuration: @Sendable (String) -> Duration? = { text in
    let units: [(String, Double)] = [("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3600e6)]
    guard let unit = units.first(where: { text.hasSuffix($0.0) }), let number = Double(text.dropLast(unit.0.count)),
        case let microseconds = (number * unit.1).rounded(), microseconds >= 1, microseconds < 1e15
    else { return nil }
    return .microseconds(Int64(microseconds))
}
