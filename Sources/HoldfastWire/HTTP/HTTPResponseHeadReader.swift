// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads the head of one response and nothing behind it: of an answer to an opening handshake, or to a request for a tunnel, after which the connection
/// speaks something else.
package struct HTTPResponseHeadReader: Sendable {
    private let maxHeadBytes: Int
    private var pending = ByteBuffer()
    /// Bytes of interim responses that were passed over: they count too, so that an endless row of them ends.
    private var passed = 0

    /// - Parameter maxHeadBytes: from the status line to the empty line, over all interim responses and the final one.
    package init(maxHeadBytes: Int) { self.maxHeadBytes = maxHeadBytes }

    /// Takes bytes from `buffer` up to the end of the head. What follows it stays there.
    ///
    /// Interim responses are passed over, except 101, which is an answer here.
    ///
    /// - Returns: the head, or `nil` when more bytes are needed; then all of `buffer` was taken.
    /// - Throws: the reader is of no use after that.
    package mutating func next(from buffer: inout ByteBuffer) throws(HTTPResponseError) -> HTTPResponseHead? {
        while true {
            let before = pending.readableBytes
            let room = maxHeadBytes - passed - before
            let count = min(room, buffer.readableBytes)
            guard var part = buffer.getSlice(at: buffer.readerIndex, length: count) else { preconditionFailure("the length was bounded") }
            pending.writeBuffer(&part)
            guard let end = pending.endOfHead(from: max(0, before - 3)) else {
                guard count < room else { throw .headTooLarge(limit: maxHeadBytes) }
                buffer.moveReaderIndex(forwardBy: count)
                return nil
            }
            buffer.moveReaderIndex(forwardBy: end - before)
            guard let bytes = pending.getSlice(at: pending.readerIndex, length: end) else { preconditionFailure("the end lies inside") }
            pending = ByteBuffer()
            passed += end
            let facts = try HTTPHeadFacts.parse(bytes)
            guard facts.status >= 200 || facts.status == 101 else { continue }
            if facts.status == 101, bytes.getInteger(at: bytes.readerIndex + 7) == UInt8(ascii: "0") {
                throw .malformed("status 101 in HTTP/1.0, which cannot switch protocols")
            }
            return HTTPResponseHead(status: facts.status, fields: facts.fields)
        }
    }
}
