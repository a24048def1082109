// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A body of WebSocket events as a transcript writes it: ASCII as it is, all else as `\r`, `\n`, `\\` or `\x00`.
enum WebSocketEventsBody {
    static let contentType = "application/websocket-events"

    static func text(_ body: ByteBuffer) -> String {
        body.readableBytesView.map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            case UInt8(ascii: "\\"): "\\\\"
            case 0x20...0x7E: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }

    /// Text beyond ASCII stands for its UTF-8.
    static func bytes(_ text: String) throws -> ByteBuffer {
        var body = ByteBuffer()
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                body.writeInteger(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): body.writeInteger(0x0D as UInt8)
            case UInt8(ascii: "n"): body.writeInteger(0x0A as UInt8)
            case UInt8(ascii: "\\"): body.writeInteger(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                let digits = String(Substring(rest.prefix(2)))
                guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { throw TranscriptError("\(text): \\x\(digits) is no byte") }
                rest = rest.dropFirst(2)
                body.writeInteger(value)
            default: throw TranscriptError("\(text): a backslash stands before r, n, x and itself")
            }
        }
        return body
    }
}
