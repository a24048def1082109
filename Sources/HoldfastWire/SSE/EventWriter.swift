// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes server-sent events (WHATWG HTML §9.2).
package enum EventWriter {
    /// One event. A line break in `data`, be it LF, CR or both, becomes a further `data:` line, as the format asks.
    package static func event(_ name: StaticString, data: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: data.readableBytes + 32)
        buffer.writeStaticString("event: ")
        buffer.writeStaticString(name)
        buffer.writeStaticString("\n")
        data.withUnsafeReadableBytes { bytes in
            var start = 0
            while true {
                let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
                buffer.writeStaticString("data: ")
                buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                buffer.writeStaticString("\n")
                guard end < bytes.count else { break }
                start = bytes[end...].starts(with: [0x0D, 0x0A]) ? end + 2 : end + 1
            }
        }
        buffer.writeStaticString("\n")
        return buffer
    }

    /// A comment that keeps an idle stream open.
    package static let keepAlive = ByteBuffer(string: ": \n\n")
}
