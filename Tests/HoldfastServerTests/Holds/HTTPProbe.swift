// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastTesting
import NIOCore
import NIOPosix
import Synchronization

/// A client that sends bytes and shows what comes.
final class HTTPProbe: Sendable {
    /// Everything so far.
    var text: String { state.withLock { String(buffer: $0.received) } }
    var count: Int { state.withLock { $0.received.readableBytes } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whether the connection was reset rather than closed.
    var wasReset: Bool { state.withLock { $0.wasReset } }

    private struct State {
        var received = ByteBuffer()
        var isClosed = false
        var wasReset = false
    }

    private let state = Mutex(State())
    private let channel: any Channel

    /// - Parameter reading: whether it reads from the beginning.
    static func connect(port: Int, reading: Bool = true) async throws -> HTTPProbe {
        let (facts, told) = AsyncStream.makeStream(of: Fact.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reading)
            .channelOption(.socketOption(.so_rcvbuf), value: 32 << 10)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(told)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let probe = HTTPProbe(channel: channel)
        // The probe's own task: it ends with the connection.
        Task { for await fact in facts { probe.took(fact) } }
        return probe
    }

    private init(channel: any Channel) { self.channel = channel }

    /// Sends a request that has no body.
    func get(_ path: String, _ fields: [String] = [], method: String = "GET") async throws {
        try await send((["\(method) \(path) HTTP/1.1", "Host: test"] + fields + ["", ""]).joined(separator: "\r\n"))
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    func startReading() async throws { try await channel.setOption(.autoRead, value: true).get() }

    func drop() async throws { try await channel.close() }

    /// Closes its own side only.
    func halfClose() async throws { try await channel.close(mode: .output) }

    /// Waits until a text has come.
    func wait(for text: String) async throws {
        try await eventually("\(text.debugDescription) comes, not \(self.text.debugDescription)") { self.text.contains(text) }
    }

    func waitForClose() async throws { try await eventually("the connection ends") { self.isClosed } }

    private enum Fact {
        case bytes(ByteBuffer)
        case reset
        case closed
    }

    private func took(_ fact: Fact) {
        state.withLock { state in
            switch fact {
            case .bytes(var bytes): state.received.writeBuffer(&bytes)
            case .reset: state.wasReset = true
            case .closed: state.isClosed = true
            }
        }
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let told: AsyncStream<Fact>.Continuation

        init(_ told: AsyncStream<Fact>.Continuation) { self.told = told }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { told.yield(.bytes(unwrapInboundIn(data))) }

        func channelInactive(context: ChannelHandlerContext) {
            told.yield(.closed)
            told.finish()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            told.yield(.reset)
            context.close(promise: nil)
        }
    }
}
