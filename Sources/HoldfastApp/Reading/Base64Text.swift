// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Bytes as base64: the usual alphabet with padding, and for tokens the one of RFC 4648 §5 without.
enum Base64Text {
    static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }

    static func encode(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }

    /// - Returns: `nil` for padding, other alphabets, and impossible lengths.
    static func decodeURLSafe(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") }) else { return nil }
        let usual = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return decode(String(usual) + String(repeating: "=", count: (4 - usual.count % 4) % 4))
    }

    static func encodeURLSafe(_ bytes: some Sequence<UInt8>) -> String {
        String(encode(bytes).compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
    }
}
