// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension ByteBuffer {
    /// These bytes in the middle of a larger buffer, as a read from a socket may lie: whoever counts from zero instead of from the
    /// reader index, or reads on to the end of the storage, is found out.
    static func amid(_ bytes: some Collection<UInt8>) -> ByteBuffer {
        var whole = ByteBuffer(string: "\r\n\r\n\"HTTP/1.1")
        let start = whole.writerIndex
        whole.writeBytes(bytes)
        whole.writeString("\r\n\r\n\"}]")
        guard let slice = whole.getSlice(at: start, length: bytes.count) else { preconditionFailure("the slice lies inside") }
        whole.moveReaderIndex(to: start)
        whole.moveWriterIndex(to: start + bytes.count)
        // Both a slice, whose storage begins elsewhere, and moved indices occur.
        return bytes.count.isMultiple(of: 2) ? whole : slice
    }

    static func amid(_ text: String) -> ByteBuffer { amid(Array(text.utf8)) }

    var bytes: [UInt8] { Array(readableBytesView) }
}

/// Bytes as one would write them in a source: printable ASCII as it is, the rest escaped.
func printable(_ bytes: some Collection<UInt8>) -> String {
    bytes.map { byte in
        switch byte {
        case 0x0D: "\\r"
        case 0x0A: "\\n"
        case 0x20...0x7E: String(UnicodeScalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }.joined()
}
