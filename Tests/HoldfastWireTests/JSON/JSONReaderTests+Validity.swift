// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastWire
import NIOCore
import Testing

extension JSONReaderTests {
    @Test("JSON is read", arguments: JSONSamples.valid)
    func valid(_ text: Raw) { #expect(throws: Never.self) { try JSONReader.parse(.amid(text.bytes)) } }

    @Test("What is not JSON is refused", arguments: JSONSamples.invalid)
    func invalid(_ text: Raw) { #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(.amid(text.bytes)) } }

    @Test("Foundation agrees on each text, but for what it is known to put up with", arguments: JSONSamples.valid + JSONSamples.invalid)
    func sameAsFoundation(_ text: Raw) {
        let isTolerated = Self.hasTrailingComma(text.bytes) || JSONSamples.otherEncodings.contains { $0.bytes == text.bytes }
        #expect(Self.isValidForFoundation(text.bytes) == (Self.isValid(text.bytes) || isTolerated))
    }

    @Test("What begins like JSON and ends too early is refused, wherever it ends")
    func prefixes() {
        let whole = Array(#"{"a": [1, -2.5e+3, true, null, "é\n\ud83d\ude00"], "b": {"c": false}}"#.utf8)
        #expect(Self.isValid(whole))
        for count in 0..<whole.count { #expect(!Self.isValid(Array(whole.prefix(count))), "\(count) bytes") }
    }

    @Test("Foundation agrees on 5,000 damaged texts", arguments: 0..<10)
    func damaged(_ block: UInt64) {
        var random = SplitMix64(seed: 0x150_0000 + block)
        let bases = [
            #"{"actions": [{"send": {"text": "hé\"llo\\ \u00e9\ud83d\ude00"}}, {"close": {"code": 4000}}], "state": {"n": [1, -2.5, 3e2, 0, null]}}"#,
            #"[true, false, null, "", "a\n", -0, 0.10, 1E-2, [], {}, [[{"a": {"a": 1}}]]]"#,
        ].map { Array($0.utf8) }
        let letters = Array("{}[]:,\"\\ \n\t/0123456789-+.eEtrufalsn'#u\u{1}".utf8) + [0x80, 0xC3, 0xA9, 0xED, 0xFF]
        var valid = 0
        for _ in 0..<500 {
            var bytes = bases[Int.random(in: 0..<2, using: &random)]
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                guard let place = bytes.indices.randomElement(using: &random), let letter = letters.randomElement(using: &random) else { return }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = letter
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(letter, at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + Int.random(in: 1...9, using: &random))], at: place)
                }
            }
            let ours = Self.isValid(bytes)
            if ours { valid += 1 }
            if ours != Self.isValidForFoundation(bytes), ours || !Self.hasTrailingComma(bytes) { Issue.record("we say \(ours): \(printable(bytes))") }
        }
        #expect(valid > 20, "too few to mean anything")
    }

    /// Foundation takes a comma before a closing bracket.
    private static func hasTrailingComma(_ bytes: [UInt8]) -> Bool {
        let dense = bytes.filter { !"\r\n\t ".utf8.contains($0) }
        return zip(dense, dense.dropFirst()).contains { $0 == UInt8(ascii: ",") && "]}".utf8.contains($1) } && !dense.starts(with: "[,".utf8)
            && !dense.starts(with: "{,".utf8)
    }

    private static func isValid(_ bytes: [UInt8]) -> Bool { (try? JSONReader.parse(.amid(bytes))) != nil }

    private static func isValidForFoundation(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    }
}
