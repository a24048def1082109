// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads the fields that ``FieldWriter`` wrote. Nothing is kept room for before it is there, so a wrong length costs nothing.
struct FieldReader {
    private var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    /// What has not been read.
    var rest: ByteBuffer { buffer }

    mutating func byte() throws(NodeMessageError) -> UInt8 {
        guard let value = buffer.readInteger(as: UInt8.self) else { throw .truncated }
        return value
    }

    mutating func flag() throws(NodeMessageError) -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw .invalid(.number)
        }
    }

    mutating func number() throws(NodeMessageError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try byte()
            let bits = UInt64(byte & 0x7F)
            // The tenth byte has room for one bit.
            guard shift < 63 || bits <= 1 else { throw .invalid(.number) }
            value |= bits << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw .invalid(.number)
    }

    mutating func integer() throws(NodeMessageError) -> Int {
        guard let value = Int(exactly: try number()) else { throw .invalid(.number) }
        return value
    }

    /// How many of something a node has, less than 2³²: whoever adds up what all nodes have goes beyond no limit.
    mutating func amount() throws(NodeMessageError) -> Int {
        guard let value = UInt32(exactly: try number()) else { throw .invalid(.number) }
        return Int(value)
    }

    mutating func fixed() throws(NodeMessageError) -> UInt64 {
        guard let value = buffer.readInteger(as: UInt64.self) else { throw .truncated }
        return value
    }

    /// Shares memory with the message.
    mutating func bytes() throws(NodeMessageError) -> ByteBuffer {
        let count = try integer()
        guard let bytes = buffer.readSlice(length: count) else { throw .truncated }
        return bytes
    }

    /// Bytes with memory of their own, for those that are kept: what shares it would keep all that came with the message.
    mutating func ownBytes() throws(NodeMessageError) -> ByteBuffer { ByteBuffer(bytes: try bytes().readableBytesView) }

    /// Bytes that are UTF-8.
    mutating func utf8() throws(NodeMessageError) -> ByteBuffer {
        let bytes = try bytes()
        let isValid = bytes.withUnsafeReadableBytes { bytes in
            var validator = UTF8Validator()
            return validator.take(bytes) && validator.isComplete
        }
        guard isValid else { throw .invalid(.text) }
        return bytes
    }

    mutating func text() throws(NodeMessageError) -> String {
        let count = try integer()
        guard count <= buffer.readableBytes else { throw .truncated }
        let text = buffer.withUnsafeReadableBytes { String(validating: $0[..<count], as: UTF8.self) }
        guard let text else { throw .invalid(.text) }
        buffer.moveReaderIndex(forwardBy: count)
        return text
    }

    mutating func optionalText() throws(NodeMessageError) -> String? { try flag() ? try text() : nil }

    /// How many elements of at least one byte follow.
    mutating func count() throws(NodeMessageError) -> Int {
        let count = try integer()
        guard count <= buffer.readableBytes else { throw .truncated }
        return count
    }

    /// Elements of at least one byte each.
    mutating func list<Element>(
        _ read: (inout FieldReader) throws(NodeMessageError) -> Element
    ) throws(NodeMessageError) -> [Element] {
        let count = try count()
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }

    mutating func node() throws(NodeMessageError) -> NodeName {
        guard let name = NodeName(try text()) else { throw .invalid(.node) }
        return name
    }

    mutating func channel() throws(NodeMessageError) -> ChannelName {
        guard let name = ChannelName(try text()) else { throw .invalid(.channel) }
        return name
    }

    mutating func connection() throws(NodeMessageError) -> ConnectionID {
        guard let id = try optionalConnection() else { throw .invalid(.connection) }
        return id
    }

    mutating func optionalConnection() throws(NodeMessageError) -> ConnectionID? {
        let count = try integer()
        guard count <= buffer.readableBytes else { throw .truncated }
        guard count > 0 else { return nil }
        let id = buffer.withUnsafeReadableBytes { ConnectionID(utf8: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        guard let id else { throw .invalid(.connection) }
        buffer.moveReaderIndex(forwardBy: count)
        return id
    }

    /// At most 2³¹ − 1 seconds: whoever counts it from now goes beyond no limit.
    mutating func duration() throws(NodeMessageError) -> Duration {
        let nanoseconds = try number()
        guard nanoseconds <= UInt64(Int32.max) * 1_000_000_000 else { throw .invalid(.number) }
        return .nanoseconds(Int64(nanoseconds))
    }

    mutating func closeCode() throws(NodeMessageError) -> CloseCode {
        guard let raw = UInt16(exactly: try number()) else { throw .invalid(.closeCode) }
        let code = CloseCode(raw)
        guard code.isAllowedOnWire || code == .none else { throw .invalid(.closeCode) }
        return code
    }

    /// Names and values, in order.
    mutating func pairs() throws(NodeMessageError) -> [(String, String)] {
        try list { reader throws(NodeMessageError) in (try reader.text(), try reader.text()) }
    }

    /// Of names that come twice the later counts.
    mutating func texts() throws(NodeMessageError) -> [String: String] { Dictionary(try pairs()) { $1 } }
}
