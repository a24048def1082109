// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The head of a request as programs write it: HTTP/1.1, a path, fields of printable ASCII, a body of a stated length or none.
///
/// It says where things stand in the bytes that it was read from; nothing is copied. It only recognises: whatever is rare or wrong (chunks, upgrades,
/// `Expect`, a connection that is to close, HTTP/1.0, repeated fields, bare line feeds) is ``Reading/other``, for a whole parser to judge.
/// Everything that it takes for a head, llhttp takes for the same head.
package struct PlainRequestHead: Equatable, Sendable {
    package enum Reading: Equatable, Sendable {
        case head(PlainRequestHead)
        /// So far it may become one.
        case incomplete
        case other
    }

    package enum Method: Equatable, Sendable {
        case get, head, post, put, delete, options, patch
    }

    /// A stretch of the bytes that the head was read from.
    package struct Place: Equatable, Sendable {
        private let low: UInt32
        private let high: UInt32

        init(_ low: Int, _ high: Int) {
            self.low = UInt32(truncatingIfNeeded: low)
            self.high = UInt32(truncatingIfNeeded: high)
        }

        package func bytes(in whole: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: whole[Int(low)..<Int(high)])
        }
    }

    /// Longer heads are ``Reading/other``.
    package static let maxBytes = 8 << 10

    package private(set) var method = Method.get
    /// Begins with a slash.
    package private(set) var path = Place(0, 0)
    /// Without its question mark; `nil` where there is none.
    package private(set) var query: Place?
    /// Up to the empty line, which is included.
    package private(set) var count = 0
    /// Of the body.
    package private(set) var contentLength = 0

    // The values of fields, without the spaces in front.
    package private(set) var host: Place?
    package private(set) var authorization: Place?
    package private(set) var contentType: Place?
    package private(set) var accept: Place?
    package private(set) var hasOrigin = false

    private var hasLength = false

    /// - Parameter bytes: from the first byte of a request on; what stands behind its head is not looked at.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var head = PlainRequestHead()
        let window = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, maxBytes)])
        switch head.readAll(window) {
        case .whole: return .head(head)
        case .short: return window.count < maxBytes ? .incomplete : .other
        case .odd: return .other
        }
    }

    private init() {}

    private enum Step {
        case whole
        case short
        case odd
    }

    private mutating func readAll(_ bytes: UnsafeRawBufferPointer) -> Step {
        var position = 0
        switch readRequestLine(bytes, &position) {
        case .whole: break
        case let step: return step
        }
        while true {
            guard position < bytes.count else { return .short }
            if bytes[position] == 0x0D {
                guard position + 1 < bytes.count else { return .short }
                guard bytes[position + 1] == 0x0A else { return .odd }
                count = position + 2
                return .whole
            }
            switch readField(bytes, &position) {
            case .whole: break
            case let step: return step
            }
        }
    }

    // MARK: The request line

    private mutating func readRequestLine(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Step {
        switch readMethod(bytes, &position) {
        case .whole: break
        case let step: return step
        }
        let start = position
        guard start < bytes.count else { return .short }
        guard bytes[start] == UInt8(ascii: "/") else { return .odd }
        var question: Int?
        while true {
            guard position < bytes.count else { return .short }
            let byte = bytes[position]
            if byte == 0x20 { break }
            // What llhttp refuses in a target, and the fragment that does not belong there.
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else { return .odd }
            if byte == UInt8(ascii: "?"), question == nil { question = position }
            position += 1
        }
        path = Place(start, question ?? position)
        query = question.map { Place($0 + 1, position) }
        return Self.take(" HTTP/1.1\r\n", bytes, &position)
    }

    private mutating func readMethod(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Step {
        guard let first = bytes.first else { return .short }
        switch first {
        case UInt8(ascii: "P"):
            guard bytes.count > 1 else { return .short }
            switch bytes[1] {
            case UInt8(ascii: "O"):
                method = .post
                return Self.take("POST ", bytes, &position)
            case UInt8(ascii: "U"):
                method = .put
                return Self.take("PUT ", bytes, &position)
            default:
                method = .patch
                return Self.take("PATCH ", bytes, &position)
            }
        case UInt8(ascii: "G"):
            method = .get
            return Self.take("GET ", bytes, &position)
        case UInt8(ascii: "D"):
            method = .delete
            return Self.take("DELETE ", bytes, &position)
        case UInt8(ascii: "H"):
            method = .head
            return Self.take("HEAD ", bytes, &position)
        default:
            method = .options
            return Self.take("OPTIONS ", bytes, &position)
        }
    }

    private static func take(_ text: StaticString, _ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Step {
        let count = min(text.utf8CodeUnitCount, bytes.count - position)
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return .odd }
        position += count
        return count == text.utf8CodeUnitCount ? .whole : .short
    }

    // MARK: Fields

    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Step {
        let start = position
        var colon = start
        while true {
            guard colon < bytes.count else { return .short }
            if bytes[colon] == UInt8(ascii: ":") { break }
            guard Handshake.isTokenByte(bytes[colon]) else { return .odd }
            colon += 1
        }
        guard colon > start else { return .odd }
        var low = colon + 1
        while low < bytes.count, bytes[low] == 0x20 { low += 1 }
        var end = low
        while true {
            guard end < bytes.count else { return .short }
            let byte = bytes[end]
            if byte == 0x0D { break }
            guard byte >= 0x20, byte < 0x7F else { return .odd }
            end += 1
        }
        guard end + 1 < bytes.count else { return .short }
        guard bytes[end + 1] == 0x0A else { return .odd }
        // Parsers differ in whether a space behind a value is a part of it.
        guard end == low || bytes[end - 1] != 0x20 else { return .odd }
        position = end + 2
        let name = UnsafeRawBufferPointer(rebasing: bytes[start..<colon])
        return note(name, Place(low, end), UnsafeRawBufferPointer(rebasing: bytes[low..<end])) ? .whole : .odd
    }

    /// - Returns: whether a field leaves the request a plain one.
    private mutating func note(_ name: UnsafeRawBufferPointer, _ place: Place, _ value: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"): return Self.set(&host, place)
        case 6 where name.equalsIgnoringCase("accept"): return Self.set(&accept, place)
        case 6 where name.equalsIgnoringCase("origin"): hasOrigin = true
        case 6 where name.equalsIgnoringCase("expect"): return false
        case 7 where name.equalsIgnoringCase("upgrade"): return false
        case 10 where name.equalsIgnoringCase("connection"): return value.equalsIgnoringCase("keep-alive")
        case 12 where name.equalsIgnoringCase("content-type"): return Self.set(&contentType, place)
        case 13 where name.equalsIgnoringCase("authorization"): return Self.set(&authorization, place)
        case 14 where name.equalsIgnoringCase("content-length"): return readLength(value)
        case 16 where name.equalsIgnoringCase("proxy-connection"): return false
        case 17 where name.equalsIgnoringCase("transfer-encoding"): return false
        default: break
        }
        return true
    }

    private static func set(_ field: inout Place?, _ place: Place) -> Bool {
        guard field == nil else { return false }
        field = place
        return true
    }

    private mutating func readLength(_ value: UnsafeRawBufferPointer) -> Bool {
        guard !hasLength, !value.isEmpty, value.count <= 15 else { return false }
        hasLength = true
        for byte in value {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return false }
            contentLength = contentLength * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return true
    }
}
