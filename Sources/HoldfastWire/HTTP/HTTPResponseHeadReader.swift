// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads the head of the one answer to an opening handshake: what comes behind it is no HTTP any more.
package struct HTTPResponseHeadReader: Sendable {
    private let maxHeadBytes: Int
    private var pending = ByteBuffer()

    /// - Parameter maxHeadBytes: from the status line to the empty line, which is counted too; interim answers before it have as many each.
    package init(maxHeadBytes: Int) { self.maxHeadBytes = maxHeadBytes }

    /// Takes bytes from `buffer` up to the end of the head. Interim answers (1xx, but for 101) are passed over.
    ///
    /// - Returns: the head, or `nil` when more bytes are needed; then all of `buffer` was taken.
    /// - Throws: the reader is of no use after that.
    package mutating func next(from buffer: inout ByteBuffer) throws(HTTPResponseError) -> HTTPResponseHead? {
        while true {
            let before = pending.readableBytes
            pending.writeImmutableBuffer(buffer)
            // The end may lie across the seam.
            guard let end = pending.endOfHead(from: max(0, before - 3)), end <= maxHeadBytes else {
                guard pending.readableBytes < maxHeadBytes else { throw .headTooLarge(limit: maxHeadBytes) }
                buffer.moveReaderIndex(to: buffer.writerIndex)
                return nil
            }
            buffer.moveReaderIndex(forwardBy: end - before)
            let head = try HTTPHeadFacts.parse(pending.getSlice(at: pending.readerIndex, length: end) ?? ByteBuffer())
            pending = ByteBuffer()
            guard (100..<200).contains(head.status), head.status != 101 else { return HTTPResponseHead(status: head.status, fields: head.fields) }
        }
    }
}
