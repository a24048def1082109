// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The head of an HTTP/1.1 response: its status, and its field lines as they came.
///
/// Fields are looked up in the bytes when somebody asks: most webhook answers are read for their status and body only.
package struct HTTPResponseHead: Sendable {
    package let status: Int
    /// The checked field lines, each with its CRLF.
    package let fields: ByteBuffer

    package init(status: Int, fields: ByteBuffer) {
        self.status = status
        self.fields = fields
    }

    /// The value of the first field of that name, without the white space around it.
    ///
    /// - Parameter name: in lower case.
    package func first(_ name: StaticString) -> String? {
        var found: String?
        forEachField { field, value in
            if found == nil, field.equalsIgnoringCase(name) { found = String(decoding: value, as: UTF8.self) }
        }
        return found
    }

    /// The values of all fields of that name, in order, without the white space around them.
    ///
    /// - Parameter name: in lower case.
    package func values(_ name: StaticString) -> [String] {
        var values: [String] = []
        forEachField { field, value in
            if field.equalsIgnoringCase(name) { values.append(String(decoding: value, as: UTF8.self)) }
        }
        return values
    }

    /// Calls `body` with each field in order: the name in lower case, and the value without the white space around it.
    package func forEach(_ body: (_ name: String, _ value: String) -> Void) {
        forEachField { name, value in
            body(String(decoding: name.map { $0.lowercasedASCII }, as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    /// Calls `body` with each field in order, as the bytes that came: the name in whatever case, and the value without the white space around it.
    ///
    /// For what looks at every answer: a string for each field costs more than all the rest of reading the head.
    package func forEachField(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        fields.withUnsafeReadableBytes { bytes in
            var start = 0
            while start < bytes.count {
                var colon = start
                while colon < bytes.count, bytes[colon] != UInt8(ascii: ":") { colon += 1 }
                var end = colon
                while end < bytes.count, bytes[end] != 0x0A { end += 1 }
                guard end < bytes.count else { return }
                body(UnsafeRawBufferPointer(rebasing: bytes[start..<colon]), UnsafeRawBufferPointer(rebasing: bytes[colon + 1..<end - 1]).trimmed)
                start = end + 1
            }
        }
    }
}

/// A whole response.
package struct HTTPResponseMessage: Sendable {
    package let head: HTTPResponseHead
    package let body: ByteBuffer
    /// Whether the connection may carry another request.
    package let keepsAlive: Bool
}

extension UInt8 {
    var lowercasedASCII: UInt8 { self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self }
    var isHTTPSpace: Bool { self == 0x20 || self == 0x09 }
}

extension UnsafeRawBufferPointer {
    /// Without the spaces and tabs at both ends.
    var trimmed: UnsafeRawBufferPointer {
        var low = 0
        var high = count
        while low < high, self[low].isHTTPSpace { low += 1 }
        while high > low, self[high - 1].isHTTPSpace { high -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[low..<high])
    }

    /// Whether these bytes are `name`, whose letters are in lower case, in any case.
    package func equalsIgnoringCase(_ name: StaticString) -> Bool {
        count == name.utf8CodeUnitCount && startsIgnoringCase(name)
    }

    /// Whether these bytes begin with `name`, whose letters are in lower case, in any case.
    package func startsIgnoringCase(_ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard self.count >= count else { return false }
        for index in 0..<count where self[index].lowercasedASCII != name.utf8Start[index] { return false }
        return true
    }
}
