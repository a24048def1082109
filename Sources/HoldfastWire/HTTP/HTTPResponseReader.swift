// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads the responses of one HTTP/1.1 connection, as a client sees them (RFC 9112): by content length, chunked, or up to the connection's end.
///
/// Where a response could be read in two ways it is refused (two lengths, a length beside chunks, a bare line feed): whatever this
/// reader accepts, llhttp reads alike. A response that came whole is handed out as slices of the read buffer, without a copy.
package struct HTTPResponseReader: Sendable {
    private enum State: Sendable {
        /// Collecting the head; `scanned` bytes of it hold no end.
        case head(scanned: Int)
        case length(HTTPResponseHead, remaining: Int, keepsAlive: Bool)
        case chunked(HTTPResponseHead, ChunkedBodyReader, keepsAlive: Bool)
        case untilClose(HTTPResponseHead)
    }

    private let maxHeadBytes: Int
    private let maxBodyBytes: Int
    private var state = State.head(scanned: 0)
    /// Bytes of a head, or of a body, that came in earlier reads.
    private var pending = ByteBuffer()
    /// Whether an interim response has come, but not yet the one that it announces.
    private var hasInterim = false

    /// - Parameters:
    ///   - maxHeadBytes: from the status line to the empty line, which is counted too.
    ///   - maxBodyBytes: over all chunks.
    package init(maxHeadBytes: Int, maxBodyBytes: Int) {
        self.maxHeadBytes = maxHeadBytes
        self.maxBodyBytes = maxBodyBytes
    }

    /// Whether no byte of a response, or of an interim one before it, has come since the last whole one.
    package var isIdle: Bool {
        if case .head(0) = state { pending.readableBytes == 0 && !hasInterim } else { false }
    }

    /// Takes bytes from `buffer` up to the end of a response.
    ///
    /// Interim responses (1xx) are passed over. The body may share the buffer's storage: use or copy it before the next read.
    ///
    /// - Returns: the response, or `nil` when more bytes are needed; then all of `buffer` was taken.
    /// - Throws: the reader is of no use after that.
    package mutating func next(from buffer: inout ByteBuffer) throws(HTTPResponseError) -> HTTPResponseMessage? {
        while true {
            switch state {
            case .head(let scanned):
                guard try readHead(from: &buffer, scanned: scanned) else { return nil }
                if let whole = takeEmptyBody() { return whole }

            case .length(let head, let remaining, let keepsAlive):
                if pending.readableBytes == 0, let body = buffer.readSlice(length: remaining) {
                    return finish(head, body, keepsAlive)
                }
                let count = min(remaining, buffer.readableBytes)
                if var part = buffer.readSlice(length: count) { pending.writeBuffer(&part) }
                guard count == remaining else {
                    state = .length(head, remaining: remaining - count, keepsAlive: keepsAlive)
                    return nil
                }
                return finish(head, pending, keepsAlive)

            case .chunked(let head, var chunks, let keepsAlive):
                let isWhole = try chunks.read(from: &buffer, into: &pending, limit: maxBodyBytes)
                guard isWhole else {
                    state = .chunked(head, chunks, keepsAlive: keepsAlive)
                    return nil
                }
                return finish(head, pending, keepsAlive)

            case .untilClose:
                pending.writeBuffer(&buffer)
                guard pending.readableBytes <= maxBodyBytes else { throw .bodyTooLarge(limit: maxBodyBytes) }
                return nil
            }
        }
    }

    /// The connection ended.
    ///
    /// - Returns: the response whose body the end closes, or `nil` when nothing was under way.
    /// - Throws: ``HTTPResponseError/truncated`` in the middle of a response.
    package mutating func endOfStream() throws(HTTPResponseError) -> HTTPResponseMessage? {
        switch state {
        case .untilClose(let head): return finish(head, pending, false)
        case .head where isIdle: return nil
        case .head, .length, .chunked: throw .truncated
        }
    }

    private mutating func finish(_ head: HTTPResponseHead, _ body: ByteBuffer, _ keepsAlive: Bool) -> HTTPResponseMessage {
        state = .head(scanned: 0)
        pending = ByteBuffer()
        hasInterim = false
        return HTTPResponseMessage(head: head, body: body, keepsAlive: keepsAlive)
    }

    private mutating func takeEmptyBody() -> HTTPResponseMessage? {
        if case .length(let head, 0, let keepsAlive) = state { finish(head, ByteBuffer(), keepsAlive) } else { nil }
    }

    /// - Returns: `false` when the head is not whole yet; all bytes are then in `pending`.
    private mutating func readHead(from buffer: inout ByteBuffer, scanned: Int) throws(HTTPResponseError) -> Bool {
        if pending.readableBytes > 0 {
            // The end may lie across the seam, so the collected bytes are looked at together.
            let room = maxHeadBytes - pending.readableBytes
            guard var part = buffer.readSlice(length: min(room, buffer.readableBytes)) else { preconditionFailure("the length was bounded") }
            let before = pending.readableBytes
            let added = part.readableBytes
            pending.writeBuffer(&part)
            guard let end = pending.endOfHead(from: max(0, before - 3)) else {
                guard pending.readableBytes < maxHeadBytes else { throw .headTooLarge(limit: maxHeadBytes) }
                state = .head(scanned: pending.readableBytes)
                return false
            }
            // What came after the head goes back to the caller's buffer.
            buffer.moveReaderIndex(to: buffer.readerIndex - (added - (end - before)))
            guard let head = pending.readSlice(length: end) else { preconditionFailure("the end lies inside") }
            pending = ByteBuffer()
            try accept(head)
            return true
        }
        guard let end = buffer.endOfHead(from: 0) else {
            guard buffer.readableBytes < maxHeadBytes else { throw .headTooLarge(limit: maxHeadBytes) }
            pending.writeBuffer(&buffer)
            state = .head(scanned: pending.readableBytes)
            return false
        }
        guard end <= maxHeadBytes, let head = buffer.readSlice(length: end) else { throw .headTooLarge(limit: maxHeadBytes) }
        try accept(head)
        return true
    }

    private mutating func accept(_ bytes: ByteBuffer) throws(HTTPResponseError) {
        let parsed = try HTTPHeadFacts.parse(bytes)
        let head = HTTPResponseHead(status: parsed.status, fields: parsed.fields)
        switch parsed.status {
        case 101: throw .malformed("status 101, which nobody asked for")
        case 100..<200:
            guard parsed.keepsAlive else { throw .malformed("an interim response that ends the connection") }
            state = .head(scanned: 0)
            hasInterim = true
        case 204, 304: state = .length(head, remaining: 0, keepsAlive: parsed.keepsAlive)
        default:
            switch (parsed.isChunked, parsed.contentLength) {
            case (true, _): state = .chunked(head, ChunkedBodyReader(), keepsAlive: parsed.keepsAlive)
            case (false, let length?):
                guard length <= maxBodyBytes else { throw .bodyTooLarge(limit: maxBodyBytes) }
                state = .length(head, remaining: length, keepsAlive: parsed.keepsAlive)
            case (false, nil): state = .untilClose(head)
            }
        }
    }
}

extension ByteBuffer {
    /// The offset just behind the empty line that ends a head, from the reader index on.
    func endOfHead(from start: Int) -> Int? {
        withUnsafeReadableBytes { bytes in
            var index = start
            while index + 3 < bytes.count {
                // Step by what the fourth byte allows: most bytes of a head are neither CR nor LF.
                switch bytes[index + 3] {
                case 0x0A:
                    if bytes[index] == 0x0D, bytes[index + 1] == 0x0A, bytes[index + 2] == 0x0D { return index + 4 }
                    index += 1
                case 0x0D: index += 1
                default: index += 4
                }
            }
            return nil
        }
    }
}
