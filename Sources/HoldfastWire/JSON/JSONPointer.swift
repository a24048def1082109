// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The way to a value in a JSON document (RFC 6901): `/rooms/0/name`; empty for the whole document.
package struct JSONPointer: Equatable, Sendable, CustomStringConvertible {
    /// What is accepted, for error messages.
    package static let rule = "expected a JSON pointer, such as /rooms/0/name"

    package let tokens: [String]
    /// As written.
    package let description: String

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        description = text
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let token = Self.unescaped(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    /// Whether a value there lies inside the value at `other`.
    func isInside(_ other: JSONPointer) -> Bool {
        tokens.count > other.tokens.count && zip(tokens, other.tokens).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
    }

    private static func unescaped(_ part: Substring.UTF8View) -> String? {
        guard part.contains(UInt8(ascii: "~")) else { return String(decoding: part, as: UTF8.self) }
        var bytes: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The place in an array of `count` values that a token names: digits without a zero in front; `nil` for anything else and for too much.
    static func index(_ token: String, count: Int) -> Int? {
        let digits = token.utf8
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != UInt8(ascii: "0") || digits.count == 1, let index = Int(token),
            index < count
        else { return nil }
        return index
    }
}
