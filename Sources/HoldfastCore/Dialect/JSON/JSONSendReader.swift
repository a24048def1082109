// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads the answer that most messages get, `{"actions": [{"type": "send", "text": "…"}]}`, straight from its bytes.
///
/// It takes a tenth of the instructions of ``JSONActionReader``, which builds values first, and of which this accepts a small part: sends of text without
/// escapes to the connection itself. What it accepts it understands alike.
struct JSONSendReader {
    private let body: ByteBuffer
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// - Returns: `nil` for whatever else the answer is, right or wrong. Texts share the body's memory.
    static func read(_ body: ByteBuffer) -> [Action]? {
        body.withUnsafeReadableBytes { bytes in
            var reader = JSONSendReader(body: body, bytes: bytes)
            return reader.document()
        }
    }

    private init(body: ByteBuffer, bytes: UnsafeRawBufferPointer) {
        self.body = body
        self.bytes = bytes
    }

    private mutating func document() -> [Action]? {
        guard take(UInt8(ascii: "{")), take("\"actions\""), take(UInt8(ascii: ":")), take(UInt8(ascii: "[")) else { return nil }
        var actions: [Action] = []
        if !take(UInt8(ascii: "]")) {
            repeat {
                guard let text = send() else { return nil }
                actions.append(.send(.text(text), to: nil))
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { return nil }
        }
        guard take(UInt8(ascii: "}")) else { return nil }
        skipSpace()
        return position == bytes.count ? actions : nil
    }

    /// An object with a type, which is `send`, and a text, in either order, and nothing else.
    private mutating func send() -> ByteBuffer? {
        guard take(UInt8(ascii: "{")) else { return nil }
        let content: ByteBuffer?
        if take("\"type\"") {
            guard type(), take(UInt8(ascii: ",")), take("\"text\"") else { return nil }
            content = text()
        } else {
            guard take("\"text\"") else { return nil }
            content = text()
            guard take(UInt8(ascii: ",")), take("\"type\""), type() else { return nil }
        }
        return take(UInt8(ascii: "}")) ? content : nil
    }

    private mutating func type() -> Bool { take(UInt8(ascii: ":")) && take("\"send\"") }

    private mutating func text() -> ByteBuffer? {
        guard take(UInt8(ascii: ":")), take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        var high: UInt8 = 0
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            let byte = bytes[position]
            guard byte >= 0x20, byte != UInt8(ascii: "\\") else { return nil }
            high |= byte
            position += 1
        }
        guard position < bytes.count else { return nil }
        let end = position
        position += 1
        if high >= 0x80 {
            var validator = UTF8Validator()
            guard validator.take(UnsafeRawBufferPointer(rebasing: bytes[start..<end])), validator.isComplete else { return nil }
        }
        return body.getSlice(at: body.readerIndex + start, length: end - start)
    }

    /// Whether `byte` comes next, behind white space or none; then it is passed.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
        skipSpace()
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        for place in 0..<count where bytes[position + place] != word.utf8Start[place] { return false }
        position += count
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }
}
