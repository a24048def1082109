// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import NIOCore

/// What a NATS server says, one piece at a time.
package enum NATSFrame: Equatable, Sendable {
    /// A message, by the number of its subscription.
    case message(subscription: Int, ByteBuffer)
    /// A JSON object.
    case info(ByteBuffer)
    case ping
    case pong
    case ok
    /// Without its quotes.
    case error(String)
}

/// Reads a NATS server's side of the protocol, however its bytes are split.
package struct NATSReader: Sendable {
    /// The longest line: INFO, which names all servers of a cluster.
    static let maxLine = 64 << 10
    /// The largest message; no NATS server carries larger ones.
    static let maxPayload = 64 << 20

    private var rest = ByteBuffer()

    package init() {}

    /// More bytes have come.
    package mutating func append(_ bytes: ByteBuffer) {
        if rest.readableBytes == 0 { rest = bytes } else { rest.writeImmutableBuffer(bytes) }
    }

    /// The next frame, or `nil` where more bytes are needed.
    package mutating func next() throws(BusFailure) -> NATSFrame? {
        guard rest.readableBytes > 0 else { return nil }
        switch rest.withUnsafeReadableBytes({ Self.scan($0) }) {
        case .more:
            // Cut off from what was read before, once that is the larger part: a message that comes in many pieces is not copied for each.
            if rest.readerIndex > rest.readableBytes { rest = rest.slice() }
            return nil
        case .wrong(let what): throw .garbled(what)
        case .message(let subscription, let start, let length):
            let payload = rest.getSlice(at: rest.readerIndex + start, length: length) ?? ByteBuffer()
            rest.moveReaderIndex(forwardBy: start + length + 2)
            return .message(subscription: subscription, payload)
        case .line(let word, let start, let end, let total):
            let content = rest.getSlice(at: rest.readerIndex + start, length: end - start) ?? ByteBuffer()
            rest.moveReaderIndex(forwardBy: total)
            switch word {
            case .info: return .info(content)
            case .ping: return .ping
            case .pong: return .pong
            case .ok: return .ok
            case .error: return .error(String(buffer: Self.unquoted(content)))
            }
        }
    }

    // MARK: Bytes

    private enum Word { case info, ping, pong, ok, error }

    private enum Scan {
        case more
        case wrong(String)
        case message(subscription: Int, start: Int, length: Int)
        /// What follows the word, without white space at its ends, and how long the whole line is.
        case line(Word, start: Int, end: Int, total: Int)
    }

    private static func scan(_ bytes: UnsafeRawBufferPointer) -> Scan {
        guard let base = bytes.baseAddress else { return .more }
        let searched = min(bytes.count, maxLine)
        guard let found = memchr(base, 0x0A, searched) else {
            return bytes.count < maxLine ? .more : .wrong("a line of more than \(maxLine) bytes")
        }
        let total = UnsafeRawPointer(found) - base + 1
        var end = total - 1
        if end > 0, bytes[end - 1] == 0x0D { end -= 1 }
        let wordEnd = bytes[..<end].firstIndex(where: isBlank) ?? end
        var start = wordEnd
        while start < end, isBlank(bytes[start]) { start += 1 }
        switch (wordEnd, bytes[0] & 0xDF) {
        case (3, UInt8(ascii: "M")) where matches(bytes, "MSG"): return message(bytes, from: start, to: end, after: total, hasHeaders: false)
        case (4, UInt8(ascii: "H")) where matches(bytes, "HMSG"): return message(bytes, from: start, to: end, after: total, hasHeaders: true)
        case (4, UInt8(ascii: "P")) where matches(bytes, "PONG"): return .line(.pong, start: start, end: end, total: total)
        case (4, UInt8(ascii: "P")) where matches(bytes, "PING"): return .line(.ping, start: start, end: end, total: total)
        case (4, UInt8(ascii: "I")) where matches(bytes, "INFO"): return .line(.info, start: start, end: end, total: total)
        case (3, _) where matches(bytes, "+OK"): return .line(.ok, start: start, end: end, total: total)
        case (4, _) where matches(bytes, "-ERR"): return .line(.error, start: start, end: end, total: total)
        default: return .wrong("a line that begins with \"\(shown(bytes[..<min(end, 16)]))\"")
        }
    }

    /// `SUBJECT SUBSCRIPTION [REPLY] [HEADER BYTES] BYTES`, and as many bytes behind the line.
    private static func message(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, after line: Int, hasHeaders: Bool) -> Scan {
        var words: (Range<Int>, Range<Int>, Range<Int>, Range<Int>, Range<Int>) = (0..<0, 0..<0, 0..<0, 0..<0, 0..<0)
        var count = 0
        var place = start
        while place < end {
            let wordEnd = bytes[place..<end].firstIndex(where: isBlank) ?? end
            switch count {
            case 0: words.0 = place..<wordEnd
            case 1: words.1 = place..<wordEnd
            case 2: words.2 = place..<wordEnd
            case 3: words.3 = place..<wordEnd
            case 4: words.4 = place..<wordEnd
            default: return .wrong("a message's line of too many words")
            }
            count += 1
            place = wordEnd
            while place < end, isBlank(bytes[place]) { place += 1 }
        }
        let size: Int?
        var headers: Int? = 0
        switch (hasHeaders, count) {
        case (false, 3): size = number(bytes[words.2])
        case (false, 4): size = number(bytes[words.3])
        case (true, 4): (headers, size) = (number(bytes[words.2]), number(bytes[words.3]))
        case (true, 5): (headers, size) = (number(bytes[words.3]), number(bytes[words.4]))
        default: return .wrong("a message's line of \(count) words")
        }
        guard let subscription = number(bytes[words.1]), let size, let headers, headers <= size else {
            return .wrong("a message's line without its numbers")
        }
        guard size <= maxPayload else { return .wrong("a message of \(size) bytes") }
        guard bytes.count >= line + size + 2 else { return .more }
        guard bytes[line + size] == 0x0D, bytes[line + size + 1] == 0x0A else { return .wrong("a message that is longer than its line says") }
        // Headers are skipped: nothing that nodes say stands there.
        return .message(subscription: subscription, start: line + headers, length: size - headers)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        for place in 0..<word.utf8CodeUnitCount where uppercase(bytes[place]) != word.utf8Start[place] { return false }
        return true
    }

    private static func uppercase(_ byte: UInt8) -> UInt8 { (0x61...0x7A).contains(byte) ? byte - 0x20 : byte }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...18).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    private static func shown(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    private static func unquoted(_ text: ByteBuffer) -> ByteBuffer {
        let (quote, bytes) = (UInt8(ascii: "'"), text.readableBytesView)
        guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return text }
        return text.getSlice(at: text.readerIndex + 1, length: bytes.count - 2) ?? text
    }
}
