// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes compact JSON; commas are its own business, nesting is the caller's.
///
/// It does not build values first: a webhook's body is written once, straight from the connection's facts, into memory of its own. A `ByteBuffer` that is
/// written to piece by piece checks its owner and its room at each of them, which cost two thirds of a webhook's body.
package struct JSONWriter: ~Copyable {
    private var bytes: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes written so far.
    package private(set) var count = 0
    private var needsComma = false

    /// - Parameter capacity: bytes to begin with; more are had when they are needed.
    package init(capacity: Int = 256) {
        self.capacity = max(capacity, 64)
        bytes = .allocate(byteCount: self.capacity, alignment: MemoryLayout<UInt>.alignment)
    }

    deinit { bytes.deallocate() }

    /// A copy of what was written so far.
    package var buffer: ByteBuffer { ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: count)) }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A member's name that needs no escaping; its value must be written next.
    package mutating func key(_ name: StaticString) {
        separate()
        let length = name.utf8CodeUnitCount
        reserve(length + 3)
        put(UInt8(ascii: "\""))
        put(UnsafeRawBufferPointer(start: name.utf8Start, count: length))
        put(UInt8(ascii: "\""))
        put(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member's name from outside; its value must be written next.
    package mutating func key(escaping name: String) {
        separate()
        writeQuoted(name)
        write(UInt8(ascii: ":"))
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
        let length = Base64.encodedCount(of: bytes.readableBytes)
        reserve(length + 2)
        put(UInt8(ascii: "\""))
        count += bytes.withUnsafeReadableBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(start: self.bytes + count, count: length)) }
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    package mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        writeDecimal(value)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) {
        separate()
        write(value ? "true" : "false")
        needsComma = true
    }

    package mutating func null() {
        separate()
        write("null")
        needsComma = true
    }

    /// A value that is JSON already.
    package mutating func raw(_ json: ByteBuffer) {
        separate()
        json.withUnsafeReadableBytes { write($0) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        write(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        write(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { write(UInt8(ascii: ",")) }
    }

    private mutating func writeDecimal(_ value: some FixedWidthInteger) {
        if value >= 0, value < 10 {
            write(UInt8(ascii: "0") + UInt8(value))
        } else {
            var text = String(value)
            text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
        }
    }

    private mutating func writeQuoted(_ text: String) {
        var text = text
        text.withUTF8 { writeQuoted(UnsafeRawBufferPointer($0)) }
    }

    private mutating func writeQuoted(_ text: UnsafeRawBufferPointer) {
        // Room for nearly every string, which has nothing to escape.
        reserve(text.count + 2)
        put(UInt8(ascii: "\""))
        var start = 0
        while let index = Self.firstToEscape(in: text, from: start) {
            write(UnsafeRawBufferPointer(rebasing: text[start..<index]))
            writeEscape(text[index])
            start = index + 1
        }
        write(UnsafeRawBufferPointer(rebasing: text[start...]))
        write(UInt8(ascii: "\""))
    }

    // MARK: Bytes

    @inline(__always)
    private mutating func write(_ byte: UInt8) {
        reserve(1)
        put(byte)
    }

    private mutating func write(_ text: UnsafeRawBufferPointer) {
        reserve(text.count)
        put(text)
    }

    private mutating func write(_ text: StaticString) { write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }

    /// For what there is room for.
    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        bytes.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    private mutating func put(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress else { return }
        (bytes + count).copyMemory(from: start, byteCount: text.count)
        count += text.count
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: MemoryLayout<UInt>.alignment)
        larger.copyMemory(from: bytes, byteCount: count)
        bytes.deallocate()
        bytes = larger
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
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case 0x0A: write("\\n")
        case 0x0D: write("\\r")
        case 0x09: write("\\t")
        default:
            write("\\u00")
            for digit in [byte >> 4, byte & 0xF] {
                write(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}
