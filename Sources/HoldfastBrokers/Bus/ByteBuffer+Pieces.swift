// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension ByteBuffer {
    /// `PUB TEXT NUMBER CRLF BYTES CRLF`, written in one step: this is done for every message.
    mutating func writeNATSPublication(_ subject: String, _ bytes: ByteBuffer) {
        writeParts(bytes.readableBytes + subject.utf8.count + 32) { parts in
            parts.put("PUB ")
            parts.put(subject)
            parts.put(" ")
            parts.put(bytes.readableBytes)
            parts.put("\r\n")
            parts.put(bytes)
            parts.put("\r\n")
        }
    }

    /// An array of three in version 2 of the Redis protocol, written in one step: this is done for every message.
    mutating func writeRedisPublication(_ channel: String, _ bytes: ByteBuffer) {
        writeParts(bytes.readableBytes + channel.utf8.count + 80) { parts in
            parts.put("*3\r\n$7\r\nPUBLISH\r\n$")
            parts.put(channel.utf8.count)
            parts.put("\r\n")
            parts.put(channel)
            parts.put("\r\n$")
            parts.put(bytes.readableBytes)
            parts.put("\r\n")
            parts.put(bytes)
            parts.put("\r\n")
        }
    }

    private mutating func writeParts(_ room: Int, _ write: (inout Parts) -> Void) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            var parts = Parts(target: target)
            write(&parts)
            return parts.count
        }
    }
}

/// Writes one part behind the other into memory that has room for all.
private struct Parts {
    let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(target: UnsafeMutableRawBufferPointer) { self.target = target }

    mutating func put(_ word: StaticString) { put(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)) }

    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    mutating func put(_ bytes: ByteBuffer) { bytes.withUnsafeReadableBytes { put($0) } }

    /// A number that is not negative.
    mutating func put(_ number: Int) {
        var digits = 1
        var rest = number / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        rest = number
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            target[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        count += digits
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: target[count..<count + bytes.count]).copyMemory(from: bytes)
        count += bytes.count
    }
}
