// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where in a chunk's extensions a reader is: `;name`, `;name=value` or `;name="value"` (RFC 9112 §7.1.1).
enum ChunkExtensionPart: Sendable {
    case nameStart
    case name
    case valueStart
    case value
    case quoted
    /// Behind a backslash in quotes.
    case escaped
    case quotedEnd

    /// Whether the line may end here.
    var mayBeLast: Bool {
        switch self {
        case .name, .value, .quotedEnd: true
        case .nameStart, .valueStart, .quoted, .escaped: false
        }
    }

    /// Where the reader is after one more byte, or `nil` when it must not stand here.
    func following(_ byte: UInt8) -> ChunkExtensionPart? {
        switch (self, byte) {
        case (.name, UInt8(ascii: ";")), (.value, UInt8(ascii: ";")), (.quotedEnd, UInt8(ascii: ";")): .nameStart
        case (.name, UInt8(ascii: "=")): .valueStart
        case (.valueStart, UInt8(ascii: "\"")): .quoted
        case (.quoted, UInt8(ascii: "\"")): .quotedEnd
        case (.quoted, UInt8(ascii: "\\")): .escaped
        case (.quoted, _), (.escaped, _): (byte >= 0x20 || byte == 0x09) && byte != 0x7F ? .quoted : nil
        case (.nameStart, _), (.name, _): Handshake.isTokenByte(byte) ? .name : nil
        case (.valueStart, _), (.value, _): Handshake.isTokenByte(byte) ? .value : nil
        case (.quotedEnd, _): nil
        }
    }
}
