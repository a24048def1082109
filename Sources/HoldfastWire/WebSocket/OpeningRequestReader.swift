// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Reads opening requests of the form that nearly all have: `GET`, HTTP/1.1, header lines without surprises, and nothing behind them.
///
/// It is no HTTP parser and knows no errors. Whatever it does not take for plain is left to one (``Outcome/other``), so it must never take anything
/// that a parser would refuse or read in another way: tests hold it against llhttp. Without the parser, its objects and its handlers, a handshake
/// costs a seventh fewer instructions.
package enum OpeningRequestReader {
    package struct Head: Equatable, Sendable {
        /// The request target, which begins with a slash.
        package var target = ""
        /// In the order received, names in lower case.
        package var fields: [Field] = []

        /// All values of a header whose name is given in lower case.
        package func values(_ name: String) -> [String] {
            var values: [String] = []
            for field in fields where field.name == name { values.append(field.value) }
            return values
        }
    }

    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    package enum Outcome: Equatable, Sendable {
        case whole(Head)
        /// Plain so far; more is to come.
        case partial
        /// Not plain: a case for a parser.
        case other
    }

    /// More fields than this are not plain.
    private static let mostFields = 64

    /// - Parameter bytes: all that has come, from the first byte of the request.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        var text = Text(bytes: bytes)
        guard let isGet = text.skip("GET /") else { return .partial }
        guard isGet else { return .other }
        let start = text.place - 1
        guard let space = text.end(of: isTargetByte) else { return .partial }
        guard let isHTTP = text.skip(" HTTP/1.1\r\n") else { return .partial }
        guard isHTTP else { return .other }
        var head = Head()
        head.target = text.string(start..<space)
        head.fields.reserveCapacity(12)
        while true {
            guard let isEnd = text.skip("\r\n") else { return .partial }
            // What is behind the head belongs to what comes next.
            if isEnd { return text.isAtEnd ? .whole(head) : .other }
            let name = text.place
            guard let colon = text.end(of: Handshake.isTokenByte) else { return .partial }
            guard text.take(UInt8(ascii: ":")), colon > name, head.fields.count < mostFields else { return .other }
            text.skipSpaces()
            let value = text.place
            guard let end = text.end(of: { (0x20...0x7E).contains($0) }) else { return .partial }
            // Whether white space at the end of a value is a part of it, parsers see differently.
            guard end == value || bytes[end - 1] != UInt8(ascii: " ") else { return .other }
            guard let isLine = text.skip("\r\n") else { return .partial }
            guard isLine else { return .other }
            head.fields.append(Field(name: self.name(UnsafeRawBufferPointer(rebasing: bytes[name..<colon])), value: text.string(value..<end)))
        }
    }

    /// What may stand in a path or a query (RFC 3986 §3.3, §3.4).
    private static func isTargetByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "@")...UInt8(ascii: "Z"), UInt8(ascii: "$")...UInt8(ascii: ";"),
            UInt8(ascii: "!"), UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Names that are too long to be kept without an allocation, and that come with nearly every request.
    private static let longNames = [
        "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol", "x-forwarded-proto", "x-forwarded-host",
        "x-forwarded-port",
    ]

    /// A field's name in lower case.
    private static func name(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.count > 15 {
            for known in longNames where known.utf8.count == bytes.count {
                if zip(bytes, known.utf8).allSatisfy({ lowercase($0) == $1 }) { return known }
            }
        }
        return String(unsafeUninitializedCapacity: bytes.count) { room in
            for (place, byte) in bytes.enumerated() { room[place] = lowercase(byte) }
            return bytes.count
        }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

/// Bytes, and a place in them.
private struct Text {
    let bytes: UnsafeRawBufferPointer
    private(set) var place = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    /// Passes what is expected.
    ///
    /// - Returns: `nil` where the text ends within it.
    mutating func skip(_ expected: StaticString) -> Bool? {
        let count = min(expected.utf8CodeUnitCount, bytes.count - place)
        for index in 0..<count where bytes[place + index] != expected.utf8Start[index] { return false }
        guard count == expected.utf8CodeUnitCount else { return nil }
        place += count
        return true
    }

    /// Passes all bytes of a kind.
    ///
    /// - Returns: the place behind them; `nil` where the text ends with them.
    @inline(__always)
    mutating func end(of isKind: (UInt8) -> Bool) -> Int? {
        while place < bytes.count {
            guard isKind(bytes[place]) else { return place }
            place += 1
        }
        return nil
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard place < bytes.count, bytes[place] == byte else { return false }
        place += 1
        return true
    }

    mutating func skipSpaces() {
        while place < bytes.count, bytes[place] == UInt8(ascii: " ") { place += 1 }
    }

    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
