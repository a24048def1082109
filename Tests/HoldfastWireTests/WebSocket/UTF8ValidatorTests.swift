// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct UTF8ValidatorTests {
    // MARK: Against the standard library

    @Test("All sequences of one byte are judged as Swift judges them")
    func oneByte() { #expect(differing((0...255).map { [$0] }) == []) }

    @Test("All sequences of two bytes are judged as Swift judges them")
    func twoBytes() { #expect(differing((0...0xFFFF).map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }) == []) }

    @Test("Sequences of three and four bytes at every boundary are judged as Swift judges them")
    func boundaries() {
        var sequences: [[UInt8]] = []
        for lead in leads {
            for second in edges {
                for third in edges {
                    sequences.append([lead, second, third])
                    if lead >= 0xED { sequences += edges.map { [lead, second, third, $0] } }
                }
            }
        }
        #expect(sequences.count > 10_000)
        #expect(differing(sequences) == [])
    }

    @Test("Every scalar is valid, surrogates are not")
    func scalars() {
        var bad: [UInt32] = []
        for value in UInt32(0)...0x10FFFF where value < 0x3000 || value.isMultiple(of: 0x3F) || value & 0xFFF < 2 || value & 0xFFF > 0xFFD {
            let isValid = judge(encoded(value))
            if isValid != (Unicode.Scalar(value) != nil) { bad.append(value) }
        }
        #expect(bad == [])
    }

    // MARK: As early as possible

    @Test("A byte is refused exactly when nothing that follows could make the text valid")
    func early() {
        let tails = completions
        for lead in leads {
            for second in edges {
                let bytes = [lead, second]
                var validator = UTF8Validator()
                let accepts = take(&validator, bytes[...])
                let canBeCompleted = tails.contains { isValid(bytes + $0) }
                #expect(accepts == canBeCompleted, "\(printable(bytes))")
                guard accepts else { continue }
                for third in edges {
                    var further = validator
                    #expect(take(&further, [third]) == tails.contains { isValid(bytes + [third] + $0) }, "\(printable(bytes + [third]))")
                }
            }
        }
    }

    @Test("The text is complete exactly where a character ends")
    func complete() {
        var validator = UTF8Validator()
        #expect(validator.isComplete)
        for scalar in "aé€😀z".unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            for (index, byte) in bytes.enumerated() {
                #expect(take(&validator, [byte]))
                #expect(validator.isComplete == (index == bytes.count - 1))
            }
        }
    }

    // MARK: Pieces

    @Test(
        "However a text is cut, it is judged alike",
        arguments: [
            "plain text of more than sixteen bytes", "äöü", "€uro€", "😀😀", "mixed: a é € 😀 and some ASCII of eight bytes each, then é",
            "\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}",
        ])
    func cuts(_ text: String) {
        let good = Array(text.utf8)
        for cut in Cuts.all(good) {
            var validator = UTF8Validator()
            #expect(cut.allSatisfy { take(&validator, $0) } && validator.isComplete, "\(Cuts.name(cut))")
        }
        let bad = good + [0xE2, 0x82] + good
        for cut in Cuts.all(bad) {
            var validator = UTF8Validator()
            #expect(!cut.allSatisfy { take(&validator, $0) }, "\(Cuts.name(cut))")
        }
    }

    @Test("Wherever a bad byte or a character stands among ASCII, it is seen", arguments: 0..<25)
    func places(_ place: Int) {
        let ascii = [UInt8](repeating: 0x61, count: 24)
        for bad: UInt8 in [0x80, 0xBF, 0xC0, 0xC1, 0xF5, 0xFF] { #expect(!judge(Array(ascii[..<place]) + [bad] + ascii[place...])) }
        for text in ["é", "€", "😀"] { #expect(judge(Array(ascii[..<place]) + text.utf8 + ascii[place...])) }
        #expect(!judge(Array(ascii[..<place]) + [0xE2, 0x82] + ascii[place...] + [0x61]))
    }

    @Test("Nothing is valid text")
    func empty() { #expect(judge([])) }

    // MARK: Inside

    private let leads: [UInt8] = [0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF] + Array(0xE0...0xF8) + [0xFC, 0xFE, 0xFF]
    private let edges: [UInt8] = [0x00, 0x61, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xED, 0xF4, 0xFF]

    /// Up to three continuation bytes, of which the first is one of each range that the standard tells apart.
    private var completions: [[UInt8]] { [[]] + [0x80, 0x90, 0xA0].flatMap { [[$0], [$0, 0x80], [$0, 0x80, 0x80]] } }

    private func isValid(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    private func differing(_ sequences: [[UInt8]]) -> [[UInt8]] { sequences.filter { judge($0) != isValid($0) } }

    private func judge(_ bytes: [UInt8]) -> Bool {
        var validator = UTF8Validator()
        return take(&validator, bytes[...]) && validator.isComplete
    }

    private func take(_ validator: inout UTF8Validator, _ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { validator.take($0) }
    }

    /// UTF-8 as the standard's table lays it out, surrogates too.
    private func encoded(_ value: UInt32) -> [UInt8] {
        let tail = { (shift: UInt32) in UInt8(0x80 | (value >> shift) & 0x3F) }
        return switch value {
        case ..<0x80: [UInt8(value)]
        case ..<0x800: [UInt8(0xC0 | value >> 6), tail(0)]
        case ..<0x10000: [UInt8(0xE0 | value >> 12), tail(6), tail(0)]
        default: [UInt8(0xF0 | value >> 18), tail(12), tail(6), tail(0)]
        }
    }
}
