// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A number by its value, exactly: `1.50`, `15e-1` and `1.5` are the same.
struct JSONNumber: Equatable {
    /// Whether two texts are the same number. Where an exponent is beyond reckoning they are not taken for the same.
    static func areEqual(_ one: String, _ other: String) -> Bool {
        guard let one = JSONNumber(one), let other = JSONNumber(other) else { return false }
        return one == other
    }

    private let isNegative: Bool
    /// Without zeros at both ends; empty for zero.
    private let digits: [UInt8]
    /// What the last digit stands for is ten to the power of this.
    private let exponent: Int

    /// - Parameter text: checked against JSON's grammar.
    /// - Returns: `nil` where the exponent is beyond what can be reckoned with.
    init?(_ text: String) {
        let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        var exponent = 0
        if parts.count == 2 {
            guard let written = Int(String(decoding: parts[1], as: UTF8.self)), written.magnitude < 1 << 40 else { return nil }
            exponent = written
        }
        var digits: [UInt8] = []
        var isFraction = false
        for byte in parts[0] {
            switch byte {
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "-"): break
            default:
                digits.append(byte)
                if isFraction { exponent -= 1 }
            }
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        self.digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        isNegative = !self.digits.isEmpty && text.hasPrefix("-")
        self.exponent = self.digits.isEmpty ? 0 : exponent
    }
}
