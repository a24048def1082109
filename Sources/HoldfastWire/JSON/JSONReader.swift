// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads one JSON document (RFC 8259), strictly: UTF-8 only, no comments, no trailing commas, no lone surrogates, at most 128 levels deep.
///
/// Written by hand because the app's answer is read once per message: Foundation's decoder costs about 5 µs for three fields, and gives neither a
/// value's own bytes nor the line and column that an error message needs.
package struct JSONReader {
    /// Deeper nesting is an error: recursion must not be driven by the peer.
    package static let maxDepth = 128

    private let document: ByteBuffer
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    /// Parses the readable bytes of `document`, all of them.
    ///
    /// - Throws: a ``JSONSyntaxError`` with line and column.
    package static func parse(_ document: ByteBuffer) throws(JSONSyntaxError) -> JSONValue {
        let outcome: Result<JSONValue, JSONSyntaxError> = document.withUnsafeReadableBytes { bytes in
            var reader = JSONReader(document: document, bytes: bytes)
            do throws(JSONSyntaxError) {
                return .success(try reader.wholeDocument())
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private init(document: ByteBuffer, bytes: UnsafeRawBufferPointer) {
        self.document = document
        self.bytes = bytes
    }

    private mutating func wholeDocument() throws(JSONSyntaxError) -> JSONValue {
        skipSpace()
        let value = try readValue()
        skipSpace()
        guard position == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    private mutating func readValue() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        let form: JSONValue.Form
        switch peek {
        case UInt8(ascii: "{"): form = try readObject()
        case UInt8(ascii: "["): form = try readArray()
        case UInt8(ascii: "\""): form = try readText()
        case UInt8(ascii: "t"): form = try readWord("true", .bool(true))
        case UInt8(ascii: "f"): form = try readWord("false", .bool(false))
        case UInt8(ascii: "n"): form = try readWord("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): form = try readNumber()
        case nil: throw error("unexpected end")
        case .some: throw error("expected a value")
        }
        guard let source = document.getSlice(at: document.readerIndex + start, length: position - start) else {
            preconditionFailure("a value lies inside its document")
        }
        return JSONValue(form, source: source)
    }

    private mutating func readObject() throws(JSONSyntaxError) -> JSONValue.Form {
        try enter()
        var members: [JSONValue.Member] = []
        skipSpace()
        if !take(UInt8(ascii: "}")) {
            while true {
                skipSpace()
                guard peek == UInt8(ascii: "\"") else { throw error("expected a member name in quotes") }
                let name = try readString()
                skipSpace()
                guard take(UInt8(ascii: ":")) else { throw error("expected ':' after a member name") }
                skipSpace()
                members.append(JSONValue.Member(name: name, value: try readValue()))
                skipSpace()
                if take(UInt8(ascii: ",")) { continue }
                guard take(UInt8(ascii: "}")) else { throw error("expected ',' or '}'") }
                break
            }
        }
        depth -= 1
        return .object(members)
    }

    private mutating func readArray() throws(JSONSyntaxError) -> JSONValue.Form {
        try enter()
        var values: [JSONValue] = []
        skipSpace()
        if !take(UInt8(ascii: "]")) {
            while true {
                skipSpace()
                values.append(try readValue())
                skipSpace()
                if take(UInt8(ascii: ",")) { continue }
                guard take(UInt8(ascii: "]")) else { throw error("expected ',' or ']'") }
                break
            }
        }
        depth -= 1
        return .array(values)
    }

    private mutating func enter() throws(JSONSyntaxError) {
        position += 1
        depth += 1
        guard depth <= Self.maxDepth else { throw error("nested deeper than \(Self.maxDepth) levels") }
    }

    private mutating func readWord(_ word: StaticString, _ form: JSONValue.Form) throws(JSONSyntaxError) -> JSONValue.Form {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { throw error("expected a value") }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] { throw error("expected a value") }
        position += count
        return form
    }

    private mutating func readNumber() throws(JSONSyntaxError) -> JSONValue.Form {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try takeDigits() }
        if take(UInt8(ascii: ".")) { try takeDigits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            try takeDigits()
        }
        return .number
    }

    private mutating func takeDigits() throws(JSONSyntaxError) {
        let start = position
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }

    /// A member's name.
    private mutating func readString() throws(JSONSyntaxError) -> String {
        let start = position + 1
        if case .escaped(let text) = try readText() { return text }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position - 1]), as: UTF8.self)
    }

    private mutating func readText() throws(JSONSyntaxError) -> JSONValue.Form {
        position += 1
        let start = position
        var isASCII = true
        while true {
            skipPlain()
            guard let byte = peek else { throw error("unterminated string") }
            switch byte {
            case UInt8(ascii: "\""):
                // Nothing repairs these bytes later: they go on as they are.
                if !isASCII { try checkUTF8(from: start, to: position) }
                position += 1
                return .plain
            case UInt8(ascii: "\\"): return .escaped(try readEscapedString(from: start))
            case ..<0x20: throw error("control character in a string; escape it")
            case 0x80...: isASCII = false
            default: break
            }
            position += 1
        }
    }

    /// Passes over whole words of eight bytes without anything to look at: ASCII that is neither quote, backslash nor control character.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            guard (word | (word &- ones &* 0x20) | (quote &- ones) | (backslash &- ones)) & tops == 0 else { return }
            position += 8
        }
    }

    private mutating func readEscapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var decoded = [UInt8](bytes[start..<position])
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                let valid = decoded.withUnsafeBytes { Self.isUTF8($0) }
                guard valid else { throw error("string is not valid UTF-8") }
                position += 1
                return String(decoding: decoded, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                try readEscape(into: &decoded)
            case ..<0x20: throw error("control character in a string; escape it")
            default:
                decoded.append(byte)
                position += 1
            }
        }
        throw error("unterminated string")
    }

    private mutating func readEscape(into decoded: inout [UInt8]) throws(JSONSyntaxError) {
        guard let letter = peek else { throw error("unterminated string") }
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            decoded.append(contentsOf: String(Character(try readUnicodeEscape())).utf8)
            return
        default: throw error("unknown escape")
        }
        position += 1
    }

    private mutating func readUnicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try readHex4()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw error("lone surrogate in a string") }
        let second = try readHex4()
        guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) else {
            throw error("lone surrogate in a string")
        }
        return scalar
    }

    private mutating func readHex4() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw error("expected four hex digits") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private func checkUTF8(from start: Int, to end: Int) throws(JSONSyntaxError) {
        guard Self.isUTF8(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else { throw error("string is not valid UTF-8") }
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.take(bytes) && validator.isComplete
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func error(_ message: String) -> JSONSyntaxError {
        let before = bytes[..<position]
        let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(line: line, column: position - lineStart + 1, message: message)
    }
}
