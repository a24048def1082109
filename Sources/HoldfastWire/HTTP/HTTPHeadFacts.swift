// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What the framing of a response depends on, read from its head in one pass.
struct HTTPHeadFacts {
    var status = 0
    var fields = ByteBuffer()
    var contentLength: Int?
    var isChunked = false
    var keepsAlive = true

    /// Checks a head, from its status line to the empty line.
    static func parse(_ head: ByteBuffer) throws(HTTPResponseError) -> HTTPHeadFacts {
        let outcome: Result<HTTPHeadFacts, HTTPResponseError> = head.withUnsafeReadableBytes { bytes in
            do throws(HTTPResponseError) {
                return .success(try parse(bytes, of: head))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer, of head: ByteBuffer) throws(HTTPResponseError) -> HTTPHeadFacts {
        var facts = HTTPHeadFacts()
        var start = try facts.readStatusLine(bytes)
        let fieldsStart = start
        while start < bytes.count - 2 {
            start = try facts.readField(bytes, from: start)
        }
        guard let fields = head.getSlice(at: head.readerIndex + fieldsStart, length: bytes.count - 2 - fieldsStart) else {
            throw .malformed("no end of the head")
        }
        facts.fields = fields
        if facts.isChunked, facts.contentLength != nil { throw .malformed("both Content-Length and Transfer-Encoding") }
        if !facts.isChunked, facts.contentLength == nil, facts.status != 204, facts.status != 304, facts.status >= 200 { facts.keepsAlive = false }
        return facts
    }

    /// "HTTP/1.x SSS[ reason]" and CRLF; returns where the next line starts.
    private mutating func readStatusLine(_ bytes: UnsafeRawBufferPointer) throws(HTTPResponseError) -> Int {
        let prefix: StaticString = "HTTP/1."
        guard bytes.count >= 14 else { throw .malformed("short status line") }
        for index in 0..<7 where bytes[index] != prefix.utf8Start[index] { throw .malformed("no HTTP/1.x status line") }
        switch bytes[7] {
        case UInt8(ascii: "1"): break
        case UInt8(ascii: "0"): keepsAlive = false
        default: throw .malformed("unknown HTTP version")
        }
        guard bytes[8] == 0x20 else { throw .malformed("no space after the version") }
        for index in 9..<12 {
            guard bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") else { throw .malformed("status is not three digits") }
            status = status * 10 + Int(bytes[index] - UInt8(ascii: "0"))
        }
        guard status >= 100 else { throw .malformed("status below 100") }
        guard bytes[12] == 0x20 || bytes[12] == 0x0D else { throw .malformed("status is not three digits") }
        return try endOfLine(bytes, from: 12)
    }

    private mutating func readField(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(HTTPResponseError) -> Int {
        var colon = start
        while colon < bytes.count, bytes[colon] != UInt8(ascii: ":") {
            guard Handshake.isTokenByte(bytes[colon]) else { throw .malformed("a field name holds a character that it must not") }
            colon += 1
        }
        guard colon > start, colon < bytes.count else { throw .malformed("a field without a name") }
        let next = try endOfLine(bytes, from: colon + 1)
        let name = UnsafeRawBufferPointer(rebasing: bytes[start..<colon])
        let value = UnsafeRawBufferPointer(rebasing: bytes[colon + 1..<next - 2])
        switch name.count {
        case 10 where name.equalsIgnoringCase("connection"): readConnection(value.trimmed)
        case 14 where name.equalsIgnoringCase("content-length"): try readLength(framing(value))
        case 17 where name.equalsIgnoringCase("transfer-encoding"): try readTransferEncoding(framing(value))
        default: break
        }
        return next
    }

    private func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(HTTPResponseError) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7F {
                if byte == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { return index + 2 }
                guard byte == 0x09 else { throw .malformed("a control character in the head") }
            }
            index += 1
        }
        throw .malformed("no end of line")
    }

    /// The value of a field that says how the body ends, without the white space around it.
    ///
    /// A tab behind it is refused: llhttp takes that for a part of the value, and reads `chunked` and a tab as a body up to the end.
    private func framing(_ value: UnsafeRawBufferPointer) throws(HTTPResponseError) -> UnsafeRawBufferPointer {
        guard value.last(where: { $0 != 0x20 }) != 0x09 else { throw .malformed("a tab behind a length or a transfer encoding") }
        return value.trimmed
    }

    private mutating func readLength(_ value: UnsafeRawBufferPointer) throws(HTTPResponseError) {
        guard contentLength == nil else { throw .malformed("more than one Content-Length") }
        guard !value.isEmpty, value.count <= 18 else { throw .malformed("Content-Length is not a number") }
        var length = 0
        for byte in value {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw .malformed("Content-Length is not a number") }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
        }
        contentLength = length
    }

    private mutating func readTransferEncoding(_ value: UnsafeRawBufferPointer) throws(HTTPResponseError) {
        // Compressed transfer codings are never asked for, so "chunked" is all that may come.
        guard !isChunked, value.equalsIgnoringCase("chunked") else { throw .malformed("a transfer encoding other than chunked") }
        isChunked = true
    }

    private mutating func readConnection(_ value: UnsafeRawBufferPointer) {
        for option in value.split(separator: UInt8(ascii: ",")) {
            let option = UnsafeRawBufferPointer(rebasing: option).trimmed
            if option.equalsIgnoringCase("close") { keepsAlive = false }
        }
    }
}
