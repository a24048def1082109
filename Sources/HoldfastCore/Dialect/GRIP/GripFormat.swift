// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Text with places to fill: `%X` and `%(ARGUMENT)X`, where X is a letter that says what belongs there, and `%%` for a percent sign. In an
/// argument a backslash stands before a character that is meant as it is, such as `)`.
enum GripFormat {
    /// One place to fill.
    struct Directive {
        let letter: UInt8
        /// `nil` where there is none, or an empty one.
        let argument: ByteBuffer?

        /// The value of the variable that the argument names, for the directive `%(NAME)s`.
        func variable(_ value: (String) -> String?) throws(GripFormatError.Fault) -> String {
            guard letter == UInt8(ascii: "s") else { throw .unknownDirective(letter) }
            guard let argument else { throw .missing("%s without a name") }
            let name = String(buffer: argument)
            guard let value = value(name) else { throw .missing("no value for \"\(name)\"") }
            return value
        }
    }

    /// What belongs into a place.
    enum Filling {
        case text(String)
        case bytes(ByteBuffer)
        /// These bytes, each as two lower-case hex digits.
        case hex(ByteBuffer)
    }

    /// Fills all places of a text.
    ///
    /// - Parameters:
    ///   - maxBytes: more of a filled text is an error.
    ///   - filling: what belongs into a place.
    /// - Returns: `format` itself when there is no percent sign in it.
    static func fill(
        _ format: ByteBuffer, maxBytes: Int, filling: (Directive) throws(GripFormatError.Fault) -> Filling
    ) throws(GripFormatError) -> ByteBuffer {
        let bytes = format.readableBytesView
        let start = bytes.startIndex
        guard var place = bytes.firstIndex(of: UInt8(ascii: "%")) else { return format }
        var filled = ByteBufferAllocator().buffer(capacity: min(maxBytes, bytes.count + 64))
        var copied = start
        while true {
            filled.writeBytes(bytes[copied..<place])
            do throws(GripFormatError.Fault) {
                copied = try self.fill(bytes, from: place, into: &filled, filling)
                guard filled.readableBytes <= maxBytes else { throw .tooLarge(maxBytes) }
            } catch {
                throw GripFormatError(error, at: place - start)
            }
            guard let next = bytes[copied...].firstIndex(of: UInt8(ascii: "%")) else { break }
            place = next
        }
        filled.writeBytes(bytes[copied...])
        guard filled.readableBytes <= maxBytes else { throw GripFormatError(.tooLarge(maxBytes)) }
        return filled
    }

    /// Fills the place that begins at `place`, with a percent sign.
    ///
    /// - Returns: where the text goes on.
    private static func fill(
        _ bytes: ByteBufferView, from place: Int, into filled: inout ByteBuffer, _ filling: (Directive) throws(GripFormatError.Fault) -> Filling
    ) throws(GripFormatError.Fault) -> Int {
        var position = place + 1
        guard position < bytes.endIndex else { throw .unfinished }
        var argument: ByteBuffer?
        var letter = bytes[position]
        if letter == UInt8(ascii: "%") {
            filled.writeInteger(letter)
            return position + 1
        }
        if letter == UInt8(ascii: "(") {
            argument = try self.argument(bytes, at: &position)
            guard position < bytes.endIndex else { throw .unfinished }
            letter = bytes[position]
        }
        guard (0x41...0x5A).contains(letter) || (0x61...0x7A).contains(letter) else { throw .unknownDirective(letter) }
        let value = try filling(Directive(letter: letter, argument: argument))
        switch value {
        case .text(let text): filled.writeString(text)
        case .bytes(let bytes): filled.writeImmutableBuffer(bytes)
        case .hex(let bytes):
            for byte in bytes.readableBytesView { filled.writeMultipleIntegers(hexDigit(byte >> 4), hexDigit(byte & 0xF)) }
        }
        return position + 1
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

    /// Reads from the opening bracket to behind the closing one.
    private static func argument(_ bytes: ByteBufferView, at position: inout Int) throws(GripFormatError.Fault) -> ByteBuffer? {
        var argument = ByteBuffer()
        position += 1
        while position < bytes.endIndex {
            var byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: ")") { return argument.readableBytes > 0 ? argument : nil }
            if byte == UInt8(ascii: "\\") {
                guard position < bytes.endIndex else { break }
                byte = bytes[position]
                position += 1
            }
            argument.writeInteger(byte)
        }
        throw .unfinished
    }
}
