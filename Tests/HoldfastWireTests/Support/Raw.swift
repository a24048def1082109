// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

/// Bytes for a table of tests: written as a string, and escaped where a test's name shows them.
struct Raw: ExpressibleByStringLiteral, CustomTestStringConvertible, Sendable {
    var bytes: [UInt8]

    init(stringLiteral text: String) { bytes = Array(text.utf8) }
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var testDescription: String { "\"\(printable(bytes))\"" }

    static func + (left: Raw, right: Raw) -> Raw { Raw(left.bytes + right.bytes) }
}
