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

    /// What the reader has found. Texts that stand in the document as they are, and numbers, become strings only when somebody asks: the app's answer
    /// to each message has a text that is passed on as bytes.
    enum Form: Sendable {
        case null
        case bool(Bool)
        /// The source is its digits.
        case number
        /// A string without escapes: the source is its text in quotes.
        case plain
        /// A string with escapes, decoded.
        case escaped(String)
        case array([JSONValue])
        case object([Member])
    }

    private let form: Form
    /// The value's own bytes in the document.
    package let source: ByteBuffer

    init(_ form: Form, source: ByteBuffer) {
        self.form = form
        self.source = source
    }

    package var content: Content {
        switch form {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number: .number(String(buffer: source))
        case .plain: .string(plainText)
        case .escaped(let text): .string(text)
        case .array(let values): .array(values)
        case .object(let members): .object(members)
        }
    }

    /// The member of that name; the last one where a name is repeated. `nil` on anything but an object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = form else { return nil }
        // Swift takes names for equal that JSON tells apart: letters in one scalar or in two, the Kelvin sign and K.
        return members.last { $0.name.hasSameBytes(as: name) }?.value
    }

    package var isNull: Bool { if case .null = form { true } else { false } }
    package var bool: Bool? { if case .bool(let value) = form { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let values) = form { values } else { nil } }
    package var object: [Member]? { if case .object(let members) = form { members } else { nil } }

    package var string: String? {
        switch form {
        case .plain: plainText
        case .escaped(let text): text
        case .null, .bool, .number, .array, .object: nil
        }
    }

    /// A string's text as UTF-8, which may share the document's memory; `nil` for anything but a string.
    package var text: ByteBuffer? {
        switch form {
        case .plain: source.getSlice(at: source.readerIndex + 1, length: source.readableBytes - 2)
        case .escaped(let text): ByteBuffer(string: text)
        case .null, .bool, .number, .array, .object: nil
        }
    }

    /// The value as an integer: `nil` for anything else, for fractions, exponents and what does not fit.
    package var integer: Int? { if case .number = form { Int(String(buffer: source)) } else { nil } }

    private var plainText: String { text.map { String(buffer: $0) } ?? "" }

    /// What the value is, for error messages: "a string", "an object", …
    package var kind: String {
        switch form {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .plain, .escaped: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension String {
    /// Whether both are the same UTF-8. Swift's own equality goes by what a reader sees.
    package func hasSameBytes(as other: String) -> Bool {
        // All strings are contiguous here; what is not would be compared by its bytes one by one.
        utf8.withContiguousStorageIfAvailable { one in
            other.utf8.withContiguousStorageIfAvailable { other in
                guard one.count == other.count else { return false }
                for place in 0..<one.count where one[place] != other[place] { return false }
                return true
            }
        }.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
    }
}
