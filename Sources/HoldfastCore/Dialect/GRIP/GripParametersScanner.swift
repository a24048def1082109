// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Goes through one value of a header for ``GripParameters``, once, from the front.
struct GripParametersScanner {
    enum Form {
        /// Members divided by commas.
        case list
        /// The same, but each begins with a URI in angle brackets.
        case links
        /// One member: commas are text.
        case whole
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// - Returns: the next member, without the comma behind it; `nil` at the end.
    mutating func member(_ form: Form) throws(GripParametersError) -> GripParameters? {
        let dividesByComma = form != .whole
        if dividesByComma { skip { Self.isSpace($0) || $0 == UInt8(ascii: ",") } } else { skip(Self.isSpace) }
        guard position < bytes.count else { return nil }
        let value: String
        switch form {
        case .list: value = try text(until: ";,", quotes: true)
        case .links: value = try uri()
        case .whole: value = try text(until: ";", quotes: false)
        }
        var parameters: [GripParameters.Parameter] = []
        while take(";") {
            if let parameter = try parameter(until: dividesByComma ? ";," : ";") { parameters.append(parameter) }
        }
        return GripParameters(value, parameters)
    }

    /// - Returns: the next assignment, without the comma behind it; `nil` at the end.
    mutating func pair() throws(GripParametersError) -> GripParameters.Parameter? {
        skip { Self.isSpace($0) || $0 == UInt8(ascii: ",") }
        guard position < bytes.count else { return nil }
        let start = position
        guard let pair = try parameter(until: ";,"), !pair.name.isEmpty else { throw GripParametersError(offset: start, message: "expected a name") }
        while take(";") { _ = try parameter(until: ";,") }
        return pair
    }

    /// Reads `NAME`, `NAME=VALUE` or `NAME="VALUE"` up to one of the ends, which is left.
    ///
    /// - Returns: `nil` when nothing is there.
    private mutating func parameter(until ends: StaticString) throws(GripParametersError) -> GripParameters.Parameter? {
        skip(Self.isSpace)
        let start = position
        skip { $0 != UInt8(ascii: "=") && !Self.contains(ends, $0) }
        let name = trimmed(start, position)
        guard take("=") else { return name.isEmpty ? nil : GripParameters.Parameter(name, nil) }
        guard !name.isEmpty else { throw GripParametersError(offset: start, message: "expected a name before '='") }
        skip(Self.isSpace)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            return GripParameters.Parameter(name, try text(until: ends, quotes: true))
        }
        let value = try quoted()
        skip(Self.isSpace)
        guard position == bytes.count || Self.contains(ends, bytes[position]) else {
            throw GripParametersError(offset: position, message: "unexpected text behind a closing quotation mark")
        }
        return GripParameters.Parameter(name, value)
    }

    /// Text as it is, up to one of the ends, which is left. With `quotes`, what stands between quotation marks does not end it.
    private mutating func text(until ends: StaticString, quotes: Bool) throws(GripParametersError) -> String {
        let start = position
        while position < bytes.count, !Self.contains(ends, bytes[position]) {
            if quotes, bytes[position] == UInt8(ascii: "\"") { _ = try quoted() } else { position += 1 }
        }
        return trimmed(start, position)
    }

    private mutating func quoted() throws(GripParametersError) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            var byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard position < bytes.count else { break }
                byte = bytes[position]
                position += 1
            }
            text.append(byte)
        }
        throw GripParametersError(offset: start, message: "a quotation mark that is never closed")
    }

    /// What stands in angle brackets, up to the end of the member's value.
    private mutating func uri() throws(GripParametersError) -> String {
        let open = position
        guard take("<") else { throw GripParametersError(offset: open, message: "expected a URI in angle brackets: <URI>") }
        let start = position
        skip { $0 != UInt8(ascii: ">") }
        let uri = trimmed(start, position)
        guard take(">") else { throw GripParametersError(offset: open, message: "an angle bracket that is never closed") }
        guard !uri.isEmpty else { throw GripParametersError(offset: open, message: "expected a URI in the angle brackets") }
        skip(Self.isSpace)
        guard position == bytes.count || Self.contains(";,", bytes[position]) else {
            throw GripParametersError(offset: position, message: "unexpected text behind a closing angle bracket")
        }
        return uri
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while position < bytes.count, isSkipped(bytes[position]) { position += 1 }
    }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    private func trimmed(_ start: Int, _ end: Int) -> String {
        var text = bytes[start..<end].drop(while: Self.isSpace)
        while let last = text.last, Self.isSpace(last) { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func contains(_ signs: StaticString, _ byte: UInt8) -> Bool {
        UnsafeBufferPointer(start: signs.utf8Start, count: signs.utf8CodeUnitCount).contains(byte)
    }
}
