// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Bytes that libFuzzer made up. The first few choose settings; the rest is what is sent.
struct FuzzInput: Sendable {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = Array(bytes)[...] }

    /// The next byte; 0 where there is none.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func bool() -> Bool { byte() & 1 == 1 }

    mutating func choice<Value>(_ values: [Value]) -> Value { values[Int(byte()) % values.count] }

    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Everything that is left, cut in the way that a byte chooses: 0 means byte by byte, others pieces of chance sizes.
    mutating func pieces() -> [ArraySlice<UInt8>] {
        let cut = byte()
        var random = UInt64(cut)
        var pieces: [ArraySlice<UInt8>] = []
        repeat {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            pieces.append(take(cut == 0 ? 1 : 1 + Int(random >> 33) % Int(cut)))
        } while !rest.isEmpty
        return pieces
    }

    /// The rest as text, repaired where it is not UTF-8.
    var text: String { String(decoding: rest, as: Swift.UTF8.self) }
}

extension ByteBuffer {
    /// These bytes between others, as a read from a socket may lie in its buffer: who reads beyond the ends finds the wrong bytes.
    static func amid(_ bytes: some Collection<UInt8>, noise: StaticString = "\r\n\r\n\"}]") -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString(noise)
        buffer.moveReaderIndex(to: buffer.writerIndex)
        buffer.writeBytes(bytes)
        let end = buffer.writerIndex
        buffer.writeStaticString(noise)
        buffer.moveWriterIndex(to: end)
        return buffer
    }
}

/// Bytes as a Swift source would have them.
func shown(_ bytes: some Collection<UInt8>) -> String {
    bytes.map { (0x20...0x7E).contains($0) ? String(UnicodeScalar($0)) : "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Whether a text may stand in one line of a head, a page or a log.
func isLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
