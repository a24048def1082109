// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import HoldfastWire
package import NIOCore
import NIOPosix
import Synchronization

/// A WebSocket client that shows what comes, byte for byte if need be. It masks with a zero key, which is legal and readable.
package final class WebSocketProbe: Sendable {
    /// Messages and control frames received so far.
    package var steps: [MessageReader.Step] { state.withLock { $0.steps } }
    /// The texts among them.
    package var texts: [String] {
        steps.compactMap { if case .text(let text) = $0 { String(buffer: text) } else { nil } }
    }
    /// The head of the handshake's answer, once it is whole.
    package var head: String? { state.withLock { $0.head } }
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    private struct State {
        var head: String?
        var pending = ByteBuffer()
        var reader = MessageReader(expectsMask: false, maxMessageBytes: 64 << 20)
        var steps: [MessageReader.Step] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let channel: any Channel

    /// Connects, and asks for an upgrade of `path`.
    package static func connect(port: Int, path: String = "/") async throws -> WebSocketProbe {
        let (parts, continuation) = AsyncStream.makeStream(of: ByteBuffer?.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(continuation)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let probe = WebSocketProbe(channel: channel)
        // The probe's own task: it ends with the connection.
        Task { for await part in parts { probe.took(part) } }
        let request =
            "GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        try await channel.writeAndFlush(ByteBuffer(string: request))
        return probe
    }

    private init(channel: any Channel) { self.channel = channel }

    package func send(text: String) async throws { try await send(.text, ByteBuffer(string: text)) }

    package func send(_ opcode: Opcode, _ payload: ByteBuffer) async throws {
        var frame = ByteBuffer()
        frame.writeInteger(0x80 | opcode.rawValue)
        let count = payload.readableBytes
        switch count {
        case ..<126: frame.writeInteger(0x80 | UInt8(count))
        case ...0xFFFF: frame.writeMultipleIntegers(UInt8(0x80 | 126), UInt16(count))
        default: frame.writeMultipleIntegers(UInt8(0x80 | 127), UInt64(count))
        }
        frame.writeInteger(UInt32(0))
        frame.writeImmutableBuffer(payload)
        try await channel.writeAndFlush(frame)
    }

    /// Sends bytes as they are.
    package func send(raw bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    /// Hangs up without a close frame.
    package func drop() async throws { try await channel.close() }

    private func took(_ part: ByteBuffer?) {
        state.withLock { state in
            guard var part else {
                state.isClosed = true
                return
            }
            state.pending.writeBuffer(&part)
            if state.head == nil, let end = String(buffer: state.pending).range(of: "\r\n\r\n") {
                let text = String(buffer: state.pending)
                state.head = String(text[..<end.lowerBound])
                state.pending.moveReaderIndex(forwardBy: text[..<end.upperBound].utf8.count)
            }
            guard state.head != nil else { return }
            while let step = try? state.reader.next(from: &state.pending), step != .needMore {
                state.steps.append(step)
                if case .close(let code, _) = step { channel.writeAndFlush(Self.closing(code), promise: nil) }
            }
            state.pending.discardReadBytes()
        }
    }

    /// A client's close frame, as the answer to the server's.
    private static func closing(_ code: CloseCode) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.writeMultipleIntegers(UInt8(0x88), UInt8(0x82), UInt32(0), code.rawValue)
        return frame
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let parts: AsyncStream<ByteBuffer?>.Continuation

        init(_ parts: AsyncStream<ByteBuffer?>.Continuation) { self.parts = parts }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { parts.yield(unwrapInboundIn(data)) }

        func channelInactive(context: ChannelHandlerContext) {
            parts.yield(nil)
            parts.finish()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
