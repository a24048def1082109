// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Writes the fields of what goes between nodes, messages (``NodeMessageWriter``) and records (``SessionRecord``): numbers in seven bits a byte, the
/// lowest first (LEB128), and bytes behind their count.
struct FieldWriter {
    var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    mutating func byte(_ value: UInt8) { buffer.writeInteger(value) }

    mutating func flag(_ value: Bool) { byte(value ? 1 : 0) }

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    /// A count or a size; below zero becomes zero.
    mutating func number(_ value: Int) { number(UInt64(max(0, value))) }

    mutating func fixed(_ value: UInt64) { buffer.writeInteger(value) }

    mutating func bytes(_ bytes: ByteBuffer) {
        number(bytes.readableBytes)
        buffer.writeImmutableBuffer(bytes)
    }

    mutating func text(_ text: String) {
        number(text.utf8.count)
        buffer.writeString(text)
    }

    mutating func text(_ text: String?) {
        flag(text != nil)
        if let text { self.text(text) }
    }

    mutating func list<Element>(_ elements: some Collection<Element>, _ write: (inout FieldWriter, Element) -> Void) {
        number(elements.count)
        for element in elements { write(&self, element) }
    }

    mutating func node(_ name: NodeName) { text(name.description) }

    mutating func channel(_ name: ChannelName) { text(name.description) }

    mutating func connection(_ id: ConnectionID) { text(id.description) }

    /// `nil` is an empty text.
    mutating func connection(_ id: ConnectionID?) { text(id?.description ?? "") }

    mutating func duration(_ duration: Duration) { number(UInt64(max(0, duration.inNanoseconds))) }

    /// Sorted by name: equal values become equal bytes.
    mutating func texts(_ texts: [String: String]) {
        list(texts.sorted { $0.key < $1.key }) { writer, entry in
            writer.text(entry.key)
            writer.text(entry.value)
        }
    }
}
