// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes server-sent events (WHATWG HTML §9.2).
package enum EventWriter {
    /// One event. A line break in `data` becomes a further `data:` line, as the format asks.
    package static func event(_ name: StaticString, data: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: data.readableBytes + 32)
        buffer.writeStaticString("event: ")
        buffer.writeStaticString(name)
        buffer.writeStaticString("\n")
        data.withUnsafeReadableBytes { bytes in
            for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
                buffer.writeStaticString("data: ")
                buffer.writeBytes(UnsafeRawBufferPointer(rebasing: line))
                buffer.writeStaticString("\n")
            }
        }
        buffer.writeStaticString("\n")
        return buffer
    }

    /// A comment that keeps an idle stream open.
    package static let keepAlive = ByteBuffer(string: ": \n\n")
}
