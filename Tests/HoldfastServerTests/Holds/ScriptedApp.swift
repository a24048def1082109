// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An app that answers byte for byte as a test says: a plain HTTP server on a loopback port.
final class ScriptedApp: Sendable {
    /// One request, and the connection that it came on.
    struct Exchange {
        let head: HTTPRequestHead
        let reader: Reader
        let channel: any Channel

        var path: String { head.uri }

        func write(_ text: String) async throws { try await write(ByteBuffer(string: text)) }

        /// Waits until the socket has taken it.
        func write(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

        /// A whole answer.
        func answer(_ status: String = "200 OK", _ fields: [String] = [], _ body: String = "") async throws {
            let lines = ["HTTP/1.1 \(status)"] + fields + ["content-length: \(body.utf8.count)", "", body]
            try await write(lines.joined(separator: "\r\n"))
        }

        /// The rest of the request's body.
        func body() async throws -> String {
            var whole = ByteBuffer()
            while let part = await reader.next() {
                switch part {
                case .body(var bytes): whole.writeBuffer(&bytes)
                case .head, .end: return String(buffer: whole)
                }
            }
            throw HangUp()
        }

        /// Waits until the gateway hangs up.
        func hungUp() async { while await reader.next() != nil {} }
    }

    /// What comes on one connection: the socket is read as far as it is asked for.
    final class Reader {
        private var iterator: AsyncStream<HTTPServerRequestPart>.AsyncIterator
        private let channel: any Channel

        init(_ parts: AsyncStream<HTTPServerRequestPart>, _ channel: any Channel) {
            iterator = parts.makeAsyncIterator()
            self.channel = channel
        }

        func next() async -> HTTPServerRequestPart? {
            channel.read()
            return await iterator.next()
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        private let (parts, told) = AsyncStream.makeStream(of: HTTPServerRequestPart.self)
        private let opened: (AsyncStream<HTTPServerRequestPart>, any Channel) -> Void
        private var hasPart = false

        init(opened: @escaping (AsyncStream<HTTPServerRequestPart>, any Channel) -> Void) { self.opened = opened }

        func channelActive(context: ChannelHandlerContext) { opened(parts, context.channel) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            hasPart = true
            told.yield(unwrapInboundIn(data))
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            // Half a part is none.
            if !hasPart { context.read() }
            hasPart = false
        }

        func channelInactive(context: ChannelHandlerContext) { told.finish() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Request heads so far, in order of arrival.
    var heads: [HTTPRequestHead] { seen.withLock { $0 } }
    /// How many connections have come.
    var connections: Int { count.load(ordering: .relaxed) }

    private let seen = Mutex<[HTTPRequestHead]>([])
    private let count = Atomic<Int>(0)
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let respond: @Sendable (Exchange) async throws -> Void

    /// - Parameter respond: called for each request's head; may read the body, and must leave none of it where it wants another request.
    init(_ respond: @escaping @Sendable (Exchange) async throws -> Void) { self.respond = respond }

    /// Serves while `body` runs.
    func running<Value: Sendable>(_ body: @escaping @Sendable (_ url: String) async throws -> Value) async throws -> Value {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = Handler { parts, channel in
                        // The connection's own task: it ends with the connection.
                        Task { await self.serve(parts, channel) }
                    }
                    try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(HTTPRequestDecoder()), handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await body("http://127.0.0.1:\(server.localAddress?.port ?? 0)"))
        } catch {
            outcome = .failure(error)
        }
        try await server.close()
        for channel in open.withLock({ Array($0.values) }) { channel.close(promise: nil) }
        return try outcome.get()
    }

    private func serve(_ parts: AsyncStream<HTTPServerRequestPart>, _ channel: any Channel) async {
        count.add(1, ordering: .relaxed)
        open.withLock { $0[ObjectIdentifier(channel)] = channel }
        let reader = Reader(parts, channel)
        do {
            while let part = await reader.next() {
                guard case .head(let head) = part else { continue }
                seen.withLock { $0.append(head) }
                try await respond(Exchange(head: head, reader: reader, channel: channel))
            }
        } catch {}
        open.withLock { $0[ObjectIdentifier(channel)] = nil }
        try? await channel.close()
    }
}

/// Thrown by a script to close the connection at once.
struct HangUp: Error {}
