// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Text of many lines, of which most are the same for many: those are kept once (``SharedHeads``), the others by each.
///
/// The headers of opening requests, which some conventions repeat with every webhook, differ by a key, an address and a cookie. Kept whole they were
/// a seventh of an idle connection's memory.
package struct SplitHead: Equatable, Sendable {
    /// Pieces of text, each behind its place in what is shared and its length.
    private var own: [UInt8] = []
    package internal(set) var shared: [UInt8] = []
    /// Bytes of the whole text.
    package private(set) var count = 0

    package init() {}

    /// Appends what only this text has.
    package mutating func appendOwn(_ text: String) { appendOwn(text.utf8.count) { $0.append(contentsOf: text.utf8) } }

    /// Appends what others may have too.
    package mutating func appendShared(_ text: String) {
        shared.append(contentsOf: text.utf8)
        count += text.utf8.count
    }

    /// Appends a header's line, with its end.
    ///
    /// - Parameter isOwn: whether only this text has it.
    package mutating func appendField(_ name: String, _ value: String, isOwn: Bool = false) {
        if isOwn {
            appendOwn(name.utf8.count + value.utf8.count + 4) { Self.append(name, value, to: &$0) }
        } else {
            let before = shared.count
            Self.append(name, value, to: &shared)
            count += shared.count - before
        }
    }

    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: ": ".utf8)
        bytes.append(contentsOf: value.utf8)
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private mutating func appendOwn(_ length: Int, _ write: (inout [UInt8]) -> Void) {
        for number in [shared.count, length] { withUnsafeBytes(of: UInt32(number)) { own.append(contentsOf: $0) } }
        write(&own)
        count += length
    }

    /// Writes the whole text, in the order in which it was appended.
    package func write(into buffer: inout ByteBuffer) {
        var written = 0
        own.withUnsafeBytes { own in
            shared.withUnsafeBytes { shared in
                var index = 0
                while index < own.count {
                    let place = Int(own.loadUnaligned(fromByteOffset: index, as: UInt32.self))
                    let end = index + 8 + Int(own.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
                    if place > written { buffer.writeBytes(UnsafeRawBufferPointer(rebasing: shared[written..<place])) }
                    written = place
                    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: own[index + 8..<end]))
                    index = end
                }
                buffer.writeBytes(UnsafeRawBufferPointer(rebasing: shared[written...]))
            }
        }
    }

    /// Without the room that was reserved for more.
    var shrunk: SplitHead {
        var head = self
        head.own = own.withUnsafeBufferPointer { Array($0) }
        head.shared = shared.withUnsafeBufferPointer { Array($0) }
        return head
    }
}
