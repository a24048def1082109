// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// Text in pieces.
///
/// Never another verdict than Swift's own, wherever the text is cut; and told at the first byte that no valid text can have there, not later.
enum UTF8 {
    static let target = FuzzTarget(name: "UTF8", maxLength: 96) { input in
        let bytes = Array(input.rest)
        let isValid = isUTF8(bytes)
        for cut in 0...bytes.count {
            var validator = UTF8Validator()
            let holds = take(bytes[..<cut], &validator) && take(bytes[cut...], &validator) && validator.isComplete
            claim(holds == isValid, "cut at \(cut) we say \(holds) of \(shown(bytes))")
        }
        var validator = UTF8Validator()
        let accepted = bytes.prefix { take([$0], &validator) }.count
        claim(isBeginning(bytes[..<accepted]), "told too late: \(shown(bytes[..<accepted]))")
        if accepted < bytes.count { claim(!isBeginning(bytes[...accepted]), "told too early: \(shown(bytes[...accepted]))") }
    }

    private static func take(_ bytes: ArraySlice<UInt8>, _ validator: inout UTF8Validator) -> Bool {
        // A copy of its own, so that a read beyond its end is seen.
        Array(bytes).withUnsafeBytes { validator.take($0) }
    }

    private static func isUTF8(_ bytes: some Sequence<UInt8>) -> Bool { String(validating: Array(bytes), as: Swift.UTF8.self) != nil }

    /// Whether valid text can begin so: whole characters, then one that a few bytes more make whole.
    private static func isBeginning(_ bytes: ArraySlice<UInt8>) -> Bool {
        (0...3).contains { isUTF8(bytes.dropLast($0)) && isCharacter(Array(bytes.suffix($0))) }
    }

    /// Whether bytes added to the last character's make it whole. Those tried are the ends of all ranges that such a byte can have.
    private static func isCharacter(_ bytes: [UInt8]) -> Bool {
        let ends: [UInt8] = [0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF]
        return isUTF8(bytes) || bytes.count < 4 && ends.contains { isCharacter(bytes + [$0]) }
    }
}
