// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import NIOCore

/// What a Redis server says, one piece at a time.
package enum RESPFrame: Equatable, Sendable {
    /// A message on a channel: by far the most of what comes.
    case message(channel: String, ByteBuffer)
    case value(RESPValue)
}

/// Reads a server's side of the Redis protocol, however its bytes are split. Everything is bounded.
package struct RESPReader: Sendable {
    /// The longest line.
    static let maxLine = 64 << 10
    /// The most bytes of one value.
    static let maxBytes = 64 << 20
    /// The most bytes of an answer: those of its largest value, and what stands around it.
    private static let maxFrame = maxBytes + maxLine
    /// How deep values may stand in values.
    static let maxDepth = 8
    /// How many values one answer may have, all told.
    static let maxValues = 4096

    private var rest = ByteBuffer()
    /// The channel of the last message: where many come, many are of one channel, and it need not be made anew.
    private var lastChannel = ""

    package init() {}

    /// More bytes have come.
    package mutating func append(_ bytes: ByteBuffer) {
        if rest.readableBytes == 0 { rest = bytes } else { rest.writeImmutableBuffer(bytes) }
    }

    /// The next frame, or `nil` where more bytes are needed.
    package mutating func next() throws(BusFailure) -> RESPFrame? {
        guard rest.readableBytes > 0 else { return nil }
        if let message = rest.withUnsafeReadableBytes({ Self.message(in: $0) }) {
            let start = rest.readerIndex
            let payload = rest.getSlice(at: start + message.payload.lowerBound, length: message.payload.count) ?? ByteBuffer()
            let channel = rest.withUnsafeReadableBytes { Self.text($0[message.channel], like: lastChannel) }
            lastChannel = channel
            rest.moveReaderIndex(forwardBy: message.payload.upperBound + 2)
            return .message(channel: channel, payload)
        }
        // What a PUBLISH is answered with.
        if let (number, length) = rest.withUnsafeReadableBytes({ Self.number(in: $0) }) {
            rest.moveReaderIndex(forwardBy: length)
            return .value(.number(number))
        }
        var cursor = Cursor(rest)
        guard let value = try cursor.value(depth: 0) else {
            // Cut off from what was read before, once that is the larger part: a message that comes in many pieces is not copied for each.
            if rest.readerIndex > rest.readableBytes { rest = rest.slice() }
            return nil
        }
        rest.moveReaderIndex(to: cursor.bytes.readerIndex)
        guard case .push(let values) = value, values.count == 3, values[0].text == "message", let channel = values[1].text,
            case .bytes(let payload) = values[2]
        else { return .value(value) }
        return .message(channel: channel, payload)
    }

    // MARK: The short way

    private static let messageHead: StaticString = ">3\r\n$7\r\nmessage\r\n"

    /// Where channel and payload stand, if a whole message in its usual form is there.
    private static func message(in bytes: UnsafeRawBufferPointer) -> (channel: Range<Int>, payload: Range<Int>)? {
        let head = messageHead.utf8CodeUnitCount
        guard bytes.count > head, let base = bytes.baseAddress, memcmp(base, messageHead.utf8Start, head) == 0 else { return nil }
        guard let channel = bulk(in: bytes, at: head), let payload = bulk(in: bytes, at: channel.upperBound + 2),
            payload.upperBound <= maxFrame
        else { return nil }
        return (channel, payload)
    }

    /// The bytes of `$LENGTH CRLF BYTES CRLF`; `nil` for anything else, which is looked at more closely then.
    private static func bulk(in bytes: UnsafeRawBufferPointer, at start: Int) -> Range<Int>? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "$") else { return nil }
        var place = start + 1
        var length = 0
        while place < bytes.count, (0x30...0x39).contains(bytes[place]), length <= maxBytes {
            length = length * 10 + Int(bytes[place] - 0x30)
            place += 1
        }
        guard place > start + 1, length <= maxBytes, place + 2 + length + 2 <= bytes.count, bytes[place] == 0x0D, bytes[place + 1] == 0x0A else {
            return nil
        }
        let content = place + 2..<place + 2 + length
        guard bytes[content.upperBound] == 0x0D, bytes[content.upperBound + 1] == 0x0A else { return nil }
        return content
    }

    /// A whole number in its usual form, and how many bytes it takes with its kind and its line's end.
    private static func number(in bytes: UnsafeRawBufferPointer) -> (number: Int, length: Int)? {
        guard bytes.count >= 4, bytes[0] == UInt8(ascii: ":") else { return nil }
        var place = 1
        var number = 0
        while place < min(bytes.count, 16), (0x30...0x39).contains(bytes[place]) {
            number = number * 10 + Int(bytes[place] - 0x30)
            place += 1
        }
        guard place > 1, place + 1 < bytes.count, bytes[place] == 0x0D, bytes[place + 1] == 0x0A else { return nil }
        return (number, place + 2)
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>, like known: String) -> String {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        let isKnown = known.utf8.withContiguousStorageIfAvailable { known in
            guard known.count == bytes.count, let one = known.baseAddress, let other = bytes.baseAddress else {
                return known.isEmpty && bytes.isEmpty
            }
            return memcmp(one, other, known.count) == 0
        }
        return isKnown == true ? known : String(decoding: bytes, as: UTF8.self)
    }

    // MARK: The long way

    private struct Cursor {
        var bytes: ByteBuffer
        /// Where no more may begin.
        let limit: Int
        var count = 0

        init(_ bytes: ByteBuffer) {
            self.bytes = bytes
            limit = bytes.readerIndex + RESPReader.maxFrame
        }

        /// `nil` where more bytes are needed.
        mutating func value(depth: Int) throws(BusFailure) -> RESPValue? {
            guard depth <= RESPReader.maxDepth else { throw .garbled("values in values, more than \(RESPReader.maxDepth) deep") }
            count += 1
            guard count <= RESPReader.maxValues else { throw .garbled("an answer of more than \(RESPReader.maxValues) values") }
            guard bytes.readerIndex <= limit else { throw Self.tooLarge }
            guard let kind: UInt8 = bytes.getInteger(at: bytes.readerIndex) else { return nil }
            guard Self.kinds.contains(kind) else { throw .garbled("an answer that begins with byte \(kind)") }
            guard let line = try line() else { return nil }
            switch kind {
            case UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "("): return .word(line)
            case UInt8(ascii: "-"): return .error(line)
            case UInt8(ascii: ":"):
                guard let number = Int(line) else { throw .garbled("a number that is none") }
                return .number(number)
            case UInt8(ascii: "#"): return .bool(line == "t")
            case UInt8(ascii: "_"): return .null
            case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="): return try bulk(kind, line)
            default: return try values(kind, line, depth: depth)
            }
        }

        private static let tooLarge = BusFailure.garbled("an answer of more than \(RESPReader.maxFrame) bytes")
        private static let kinds = Array("+-:$*_#,(!=%~>|".utf8)

        /// The line behind the kind.
        private mutating func line() throws(BusFailure) -> String? {
            let view = bytes.readableBytesView.prefix(RESPReader.maxLine)
            guard let end = view.firstIndex(of: 0x0A) else {
                guard bytes.readableBytes < RESPReader.maxLine else { throw .garbled("a line of more than \(RESPReader.maxLine) bytes") }
                return nil
            }
            guard end > view.startIndex + 1, view[end - 1] == 0x0D else { throw .garbled("a line that ends wrongly") }
            let text = String(decoding: view[view.startIndex + 1..<end - 1], as: UTF8.self)
            bytes.moveReaderIndex(to: end + 1)
            return text
        }

        /// For the log: a character may be as long as a line.
        private static func shown(_ line: String) -> String {
            String(decoding: line.utf8.prefix(20).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
        }

        private mutating func bulk(_ kind: UInt8, _ line: String) throws(BusFailure) -> RESPValue? {
            // The null of version 2.
            if line == "-1", kind == UInt8(ascii: "$") { return .null }
            guard let length = Int(line), (0...RESPReader.maxBytes).contains(length) else {
                throw .garbled("bytes of the length \"\(Self.shown(line))\"")
            }
            guard bytes.readerIndex + length <= limit else { throw Self.tooLarge }
            guard bytes.readableBytes >= length + 2 else { return nil }
            guard let content = bytes.readSlice(length: length), bytes.readInteger(as: UInt16.self) == 0x0D0A else {
                throw .garbled("bytes that are longer than their length")
            }
            switch kind {
            case UInt8(ascii: "!"): return .error(String(buffer: content))
            // A text with its format in front: `txt:`.
            case UInt8(ascii: "="): return .word(String(decoding: content.readableBytesView.dropFirst(4), as: UTF8.self))
            default: return .bytes(content)
            }
        }

        private mutating func values(_ kind: UInt8, _ line: String, depth: Int) throws(BusFailure) -> RESPValue? {
            if line == "-1", kind == UInt8(ascii: "*") { return .null }
            let isPaired = kind == UInt8(ascii: "%") || kind == UInt8(ascii: "|")
            let most = isPaired ? RESPReader.maxValues / 2 : RESPReader.maxValues
            guard let number = Int(line), (0...most).contains(number) else { throw .garbled("an answer of \"\(Self.shown(line))\" values") }
            var values: [RESPValue] = []
            for _ in 0..<(isPaired ? number * 2 : number) {
                guard let value = try value(depth: depth + 1) else { return nil }
                values.append(value)
            }
            switch kind {
            case UInt8(ascii: "%"): return .map(values)
            case UInt8(ascii: ">"): return .push(values)
            // Attributes stand before the value that they are about.
            case UInt8(ascii: "|"): return try value(depth: depth + 1)
            default: return .array(values)
            }
        }
    }
}
