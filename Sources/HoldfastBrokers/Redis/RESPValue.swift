// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A value of the Redis protocol, version 3, as far as a subscriber and publisher meets them.
package indirect enum RESPValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Int)
    /// A simple string, or a number that is not whole, as it was written.
    case word(String)
    case bytes(ByteBuffer)
    case error(String)
    /// Also a set.
    case array([RESPValue])
    /// Names and values in turn.
    case map([RESPValue])
    /// What comes unasked.
    case push([RESPValue])

    /// A word or bytes as text.
    var text: String? {
        switch self {
        case .word(let text): text
        case .bytes(let bytes): String(buffer: bytes)
        case .null, .bool, .number, .error, .array, .map, .push: nil
        }
    }

    /// The value of that name in a map, or in an array of names and values.
    subscript(name: String) -> RESPValue? {
        switch self {
        case .map(let values), .array(let values):
            stride(from: 0, to: values.count - 1, by: 2).first { values[$0].text == name }.map { values[$0 + 1] }
        case .null, .bool, .number, .word, .bytes, .error, .push: nil
        }
    }
}
