// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One JSON value as it stood in a document (RFC 8259), with the bytes that it came from.
///
/// The bytes are kept so that a value can be passed on exactly as the app wrote it: number formats, key order and white space survive.
package struct JSONValue: Sendable {
    package enum Content: Sendable {
        case null
        case bool(Bool)
        /// Digits as written; checked against the grammar, not converted.
        case number(String)
        case string(String)
        case array([JSONValue])
        case object([Member])
    }

    package struct Member: Sendable {
        package let name: String
        package let value: JSONValue
    }

    package let content: Content
    /// The value's own bytes in the document.
    package let source: ByteBuffer

    package init(_ content: Content, source: ByteBuffer) {
        self.content = content
        self.source = source
    }

    /// The member of that name; the last one where a name is repeated. `nil` on anything but an object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = content else { return nil }
        // Swift takes names for equal that JSON tells apart: letters in one scalar or in two, the Kelvin sign and K.
        return members.last { $0.name == name && $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    package var isNull: Bool { if case .null = content { true } else { false } }
    package var string: String? { if case .string(let text) = content { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = content { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let values) = content { values } else { nil } }
    package var object: [Member]? { if case .object(let members) = content { members } else { nil } }

    /// The value as an integer: `nil` for anything else, for fractions, exponents and what does not fit.
    package var integer: Int? { if case .number(let digits) = content { Int(digits) } else { nil } }

    /// What the value is, for error messages: "a string", "an object", …
    package var kind: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
