// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads a chunked body (RFC 9112 §7.1). Chunk extensions and trailers are read over and dropped; their bytes count against a limit.
struct ChunkedBodyReader: Sendable {
    private enum State: Sendable {
        case size(value: Int, digits: Int)
        case sizeExtension(value: Int, ChunkExtensionPart)
        case sizeLineFeed(value: Int)
        case data(remaining: Int)
        case dataReturn
        case dataLineFeed
        /// At the start of a trailer line, or of the empty line that ends all.
        case lineStart
        case trailerName
        case trailerValue
        case trailerLineFeed
        case finalLineFeed
    }

    /// Bytes of extensions and trailers that are put up with, over the whole body.
    static let maxOverhead = 16 * 1024

    private var state = State.size(value: 0, digits: 0)
    private var overhead = 0
    /// The name of the trailer under way, in lower case.
    private var trailerName = ""

    /// Moves body bytes from `buffer` to `body`.
    ///
    /// - Returns: `true` once the body is whole; what follows it is left in `buffer`.
    mutating func read(from buffer: inout ByteBuffer, into body: inout ByteBuffer, limit: Int) throws(HTTPResponseError) -> Bool {
        while buffer.readableBytes > 0 {
            if case .data(let remaining) = state {
                let count = min(remaining, buffer.readableBytes)
                if var part = buffer.readSlice(length: count) { body.writeBuffer(&part) }
                state = count == remaining ? .dataReturn : .data(remaining: remaining - count)
            } else if let byte = buffer.readInteger(as: UInt8.self), try step(byte, bodyBytes: body.readableBytes, limit: limit) {
                return true
            }
        }
        return false
    }

    private mutating func step(_ byte: UInt8, bodyBytes: Int, limit: Int) throws(HTTPResponseError) -> Bool {
        switch (state, byte) {
        case (.size(let value, let digits), _):
            if let digit = Self.hexDigit(byte) {
                let room = limit - bodyBytes
                // Compared before it is shifted, so that no size overflows.
                guard value <= room >> 4, value << 4 | digit <= room else { throw .bodyTooLarge(limit: limit) }
                state = .size(value: value << 4 | digit, digits: digits + 1)
            } else {
                guard digits > 0 else { throw .malformed("a chunk without a size") }
                switch byte {
                case 0x0D: state = .sizeLineFeed(value: value)
                case UInt8(ascii: ";"): state = .sizeExtension(value: value, .nameStart)
                default: throw .malformed("a chunk size that is not hexadecimal")
                }
            }
        case (.sizeExtension(let value, let part), 0x0D) where part.mayBeLast: state = .sizeLineFeed(value: value)
        case (.sizeExtension(let value, let part), _):
            guard let part = part.following(byte) else { throw .malformed("a chunk extension that is none") }
            try count()
            state = .sizeExtension(value: value, part)
        case (.trailerValue, 0x0D): state = .trailerLineFeed
        case (.trailerValue, _):
            guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { throw .malformed("a control character in a trailer") }
            try count()
        case (.sizeLineFeed(let value), 0x0A): state = value == 0 ? .lineStart : .data(remaining: value)
        case (.dataReturn, 0x0D): state = .dataLineFeed
        case (.dataLineFeed, 0x0A): state = .size(value: 0, digits: 0)
        case (.lineStart, 0x0D): state = .finalLineFeed
        case (.trailerName, UInt8(ascii: ":")):
            try endTrailerName()
            state = .trailerValue
        case (.lineStart, _), (.trailerName, _):
            guard Handshake.isTokenByte(byte) else { throw .malformed("a trailer without a name") }
            try count()
            trailerName.unicodeScalars.append(Unicode.Scalar(byte.lowercasedASCII))
            state = .trailerName
        case (.trailerLineFeed, 0x0A): state = .lineStart
        case (.finalLineFeed, 0x0A): return true
        case (.sizeLineFeed, _), (.dataReturn, _), (.dataLineFeed, _), (.trailerLineFeed, _), (.finalLineFeed, _):
            throw .malformed("a chunk that does not end with CRLF")
        case (.data, _): preconditionFailure("data is moved in bulk")
        }
        return false
    }

    private mutating func endTrailerName() throws(HTTPResponseError) {
        try count()
        // A trailer comes too late to say how the body or the connection ends (RFC 9110 §6.5.1).
        switch trailerName {
        case "content-length", "transfer-encoding", "connection": throw .malformed("\(trailerName) in a trailer")
        default: trailerName = ""
        }
    }

    private mutating func count() throws(HTTPResponseError) {
        overhead += 1
        guard overhead <= Self.maxOverhead else { throw .headTooLarge(limit: Self.maxOverhead) }
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
