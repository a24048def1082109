// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes compact JSON into a `ByteBuffer`; commas are its own business, nesting is the caller's.
///
/// It does not build values first: a webhook's body is written once, straight from the connection's facts.
package struct JSONWriter: Sendable {
    package private(set) var buffer: ByteBuffer
    private var needsComma = false

    package init(capacity: Int = 256) {
        self.buffer = ByteBufferAllocator().buffer(capacity: capacity)
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A member's name that needs no escaping; its value must be written next.
    package mutating func key(_ name: StaticString) {
        let comma = needsComma ? 1 : 0
        let count = name.utf8CodeUnitCount
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: comma + count + 3) { target in
            target[0] = UInt8(ascii: ",")
            target[comma] = UInt8(ascii: "\"")
            UnsafeMutableRawBufferPointer(rebasing: target[(comma + 1)...]).copyMemory(
                from: UnsafeRawBufferPointer(start: name.utf8Start, count: count))
            target[comma + 1 + count] = UInt8(ascii: "\"")
            target[comma + 2 + count] = UInt8(ascii: ":")
            return comma + count + 3
        }
        needsComma = false
    }

    /// A member's name from outside; its value must be written next.
    package mutating func key(escaping name: String) {
        separate()
        writeQuoted(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        separate()
        writeQuoted(text)
        needsComma = true
    }

    /// A string from bytes that are known to be valid UTF-8.
    package mutating func string(utf8 text: ByteBuffer) {
        separate()
        text.withUnsafeReadableBytes { writeQuoted($0) }
        needsComma = true
    }

    /// A string that holds `bytes` in base64.
    package mutating func base64(_ bytes: ByteBuffer) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        bytes.withUnsafeReadableBytes { Base64.encode($0, into: &buffer) }
        buffer.writeInteger(UInt8(ascii: "\""))
        needsComma = true
    }

    package mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        writeDecimal(value)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) {
        separate()
        buffer.writeStaticString(value ? "true" : "false")
        needsComma = true
    }

    package mutating func null() {
        separate()
        buffer.writeStaticString("null")
        needsComma = true
    }

    /// A value that is JSON already.
    package mutating func raw(_ json: ByteBuffer) {
        separate()
        buffer.writeImmutableBuffer(json)
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        buffer.writeInteger(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        buffer.writeInteger(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
    }

    private mutating func writeDecimal(_ value: some FixedWidthInteger) {
        if value >= 0, value < 10 {
            buffer.writeInteger(UInt8(ascii: "0") + UInt8(value))
        } else {
            buffer.writeString(String(value))
        }
    }

    private mutating func writeQuoted(_ text: String) {
        var text = text
        text.withUTF8 { writeQuoted(UnsafeRawBufferPointer($0)) }
    }

    private mutating func writeQuoted(_ text: UnsafeRawBufferPointer) {
        guard let first = Self.firstToEscape(in: text, from: 0) else {
            // Nearly every string: one piece, one write.
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: text.count + 2) { target in
                target[0] = UInt8(ascii: "\"")
                UnsafeMutableRawBufferPointer(rebasing: target[1...]).copyMemory(from: text)
                target[text.count + 1] = UInt8(ascii: "\"")
                return text.count + 2
            }
            return
        }
        buffer.writeInteger(UInt8(ascii: "\""))
        var start = 0
        var next: Int? = first
        while let index = next {
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: text[start..<index]))
            writeEscape(text[index])
            start = index + 1
            next = Self.firstToEscape(in: text, from: start)
        }
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: text[start...]))
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// The first byte that cannot stand in a string as it is: a control character, a quote or a backslash.
    private static func firstToEscape(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        while index + 8 <= text.count {
            // A byte of a difference borrows into its top bit exactly where it was too small (the usual has-zero trick); a false alarm
            // behind a true one does no harm, for the bytes are then looked at one by one.
            let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            let found = (word &- ones &* 0x20) & ~word | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
            if found & tops != 0 { break }
            index += 8
        }
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
        return nil
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case 0x0A: buffer.writeStaticString("\\n")
        case 0x0D: buffer.writeStaticString("\\r")
        case 0x09: buffer.writeStaticString("\\t")
        default:
            buffer.writeStaticString("\\u00")
            for digit in [byte >> 4, byte & 0xF] {
                buffer.writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}
