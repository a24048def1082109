// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Turns the bytes of one WebSocket into whole messages: frame heads, unmasking, fragments, sizes, UTF-8 (RFC 6455 §5, §8.1) and compression
/// (RFC 7692 §6.2).
///
/// It is fed the socket's read buffer and keeps none of it. A message under way holds only the bytes that have arrived, never
/// the length that a head announced, so a peer cannot reserve memory by promising data.
package struct MessageReader: Sendable {
    /// What the next step found.
    package enum Step: Equatable, Sendable {
        /// All bytes were taken; nothing is whole yet.
        case needMore
        case text(ByteBuffer)
        case binary(ByteBuffer)
        case ping(ByteBuffer)
        case pong(ByteBuffer)
        /// `code` is ``CloseCode/none`` when the frame was empty.
        case close(CloseCode, reason: String)
    }

    private enum Message {
        case none
        case text(UTF8Validator)
        case binary
        /// Its body is inflated when it is whole: then one inflater can serve many connections.
        case compressed(isText: Bool)
    }

    private let maxMessageBytes: Int
    private var headers: FrameHeaderReader
    private var frame: FrameHeader?
    /// Bytes of the current frame that were taken.
    private var taken = 0
    private var message = Message.none
    private var body = ByteBuffer()
    private var control = ByteBuffer()

    /// - Parameters:
    ///   - expectsMask: `true` on the server's side of a connection.
    ///   - maxMessageBytes: a message longer than this, over all its fragments, is a 1009 violation, told by its head already.
    package init(expectsMask: Bool, maxMessageBytes: Int) {
        self.headers = FrameHeaderReader(expectsMask: expectsMask)
        self.maxMessageBytes = maxMessageBytes
    }

    /// Whether nothing is under way: a new reader would do as well.
    package var isIdle: Bool {
        guard frame == nil, headers.isIdle, case .none = message else { return false }
        return true
    }

    /// Reads from `buffer` up to the end of the next message or control frame.
    ///
    /// - Parameter inflater: what compressed messages are read with; `nil` where compression was not agreed on, and they are a violation.
    /// - Throws: a ``Violation``; the reader is of no use after that.
    package mutating func next(from buffer: inout ByteBuffer, inflater: Inflater? = nil) throws(Violation) -> Step {
        while true {
            if frame == nil {
                guard let header = try headers.next(from: &buffer) else { return .needMore }
                try begin(header, mayCompress: inflater != nil)
            }
            guard let header = frame else { preconditionFailure("a frame was begun") }
            try takePayload(of: header, from: &buffer)
            guard taken == header.length else { return .needMore }
            frame = nil
            taken = 0
            if let step = try finish(header, inflater) { return step }
        }
    }

    private mutating func begin(_ header: FrameHeader, mayCompress: Bool) throws(Violation) {
        // Only the first frame of a message says that it is compressed (RFC 7692 §6.1).
        if header.isCompressed, !mayCompress || header.opcode == .continuation { throw Violation(.protocolError, "reserved bits set") }
        switch (header.opcode, message) {
        case (.text, .none) where header.isCompressed: message = .compressed(isText: true)
        case (.binary, .none) where header.isCompressed: message = .compressed(isText: false)
        case (.text, .none): message = .text(UTF8Validator())
        case (.binary, .none): message = .binary
        case (.text, _), (.binary, _): throw Violation(.protocolError, "new message inside a fragmented one")
        case (.continuation, .none): throw Violation(.protocolError, "continuation without a message")
        case (.continuation, _), (.ping, _), (.pong, _), (.close, _): break
        }
        if !header.opcode.isControl, header.length > mostBodyBytes - body.readableBytes {
            throw Violation(.messageTooBig, "message larger than \(maxMessageBytes) bytes")
        }
        frame = header
    }

    /// What cannot be compressed grows a little when it is: by a ninth bit for each byte at worst.
    private var mostBodyBytes: Int {
        if case .compressed = message { maxMessageBytes + maxMessageBytes / 8 + 64 } else { maxMessageBytes }
    }

    private mutating func takePayload(of header: FrameHeader, from buffer: inout ByteBuffer) throws(Violation) {
        let count = min(header.length - taken, buffer.readableBytes)
        guard count > 0 else { return }
        if header.opcode.isControl {
            control.append(&buffer, count: count, key: header.maskingKey, offset: taken)
        } else {
            let start = body.writerIndex
            body.append(&buffer, count: count, key: header.maskingKey, offset: taken)
            if case .text(var validator) = message {
                let valid = body.withUnsafeReadableBytes { validator.take(UnsafeRawBufferPointer(rebasing: $0[(start - body.readerIndex)...])) }
                guard valid else { throw Violation(.invalidPayload, "text is not valid UTF-8") }
                message = .text(validator)
            }
        }
        taken += count
    }

    private mutating func finish(_ header: FrameHeader, _ inflater: Inflater?) throws(Violation) -> Step? {
        switch header.opcode {
        case .ping: return .ping(takeControl())
        case .pong: return .pong(takeControl())
        case .close: return try closeStep(takeControl())
        case .text, .binary, .continuation: break
        }
        guard header.isFinal else { return nil }
        defer {
            message = .none
            body = ByteBuffer()
        }
        switch message {
        case .text(let validator):
            guard validator.isComplete else { throw Violation(.invalidPayload, "text is not valid UTF-8") }
            return .text(body)
        case .binary: return .binary(body)
        case .compressed(let isText):
            guard let inflater else { preconditionFailure("a connection keeps its inflater") }
            let whole = try inflater.inflate(body, limit: maxMessageBytes)
            guard isText else { return .binary(whole) }
            var validator = UTF8Validator()
            guard whole.withUnsafeReadableBytes({ validator.take($0) }), validator.isComplete else {
                throw Violation(.invalidPayload, "text is not valid UTF-8")
            }
            return .text(whole)
        case .none: preconditionFailure("a data frame begins a message")
        }
    }

    private mutating func takeControl() -> ByteBuffer {
        defer { control = ByteBuffer() }
        return control
    }

    private func closeStep(_ payload: ByteBuffer) throws(Violation) -> Step {
        var payload = payload
        guard payload.readableBytes > 0 else { return .close(.none, reason: "") }
        guard let raw = payload.readInteger(as: UInt16.self) else { throw Violation(.protocolError, "close frame with half a code") }
        let code = CloseCode(raw)
        guard code.isAllowedOnWire else { throw Violation(.protocolError, "close code \(raw) is not allowed") }
        guard let reason = try? payload.readUTF8ValidatedString(length: payload.readableBytes) else {
            throw Violation(.invalidPayload, "close reason is not valid UTF-8")
        }
        return .close(code, reason: reason)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(_ source: inout ByteBuffer, count: Int, key: UInt32?, offset: Int) {
        if let key {
            writeMasked(&source, count: count, key: key, offset: offset)
        } else if var slice = source.readSlice(length: count) {
            writeBuffer(&slice)
        }
    }
}
