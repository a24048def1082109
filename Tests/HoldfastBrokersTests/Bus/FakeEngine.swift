// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

@testable import HoldfastBrokers

/// A server that speaks as much of an engine's protocol as a bus needs, on a loopback port, and behaves as a test wants.
final class FakeEngine: Sendable {
    struct Behaviour: Sendable {
        /// Whether it lets anybody in.
        var accepts = true
        /// Whether it answers PING and, at Redis, PUBLISH.
        var answers = true
        /// Connections up to this one get no answers, whatever ``answers`` says.
        var mutedUpTo = 0
        /// Subjects that may not be asked for.
        var forbidden: Set<String> = []
        /// NATS: more of what it says about itself, each with a comma in front.
        var info = ""
    }

    struct Seen: Sendable {
        var connections = 0
        /// By connection, from 1.
        var subjects: [Int: [String]] = [:]
        /// The sizes of what was asked for at once.
        var batches: [Int] = []
        var ended: [String] = []
        var published: [Publication] = []
    }

    struct Publication: Equatable, Sendable {
        let connection: Int
        let subject: String
        let text: String
    }

    let kind: BusAddress.Kind
    let state: Mutex<(behaviour: Behaviour, seen: Seen)>
    private let channels = Mutex<[any Channel]>([])
    private let listener = Mutex<(any Channel)?>(nil)

    init(_ kind: BusAddress.Kind, _ behaviour: Behaviour = Behaviour()) {
        self.kind = kind
        state = Mutex((behaviour, Seen()))
    }

    var seen: Seen { state.withLock { $0.seen } }

    func behave(_ change: @Sendable (inout Behaviour) -> Void) { state.withLock { change(&$0.behaviour) } }

    /// - Parameter port: one that was given before, for a server that comes back.
    /// - Returns: the port.
    @discardableResult
    func start(port: Int = 0) async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                self.channels.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(FakeConversation(self)) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        listener.withLock { $0 = channel }
        return channel.localAddress?.port ?? 0
    }

    func stop() async throws {
        let listener = listener.withLock { $0.take() }
        try await listener?.close()
        dropConnections()
    }

    func dropConnections() {
        let old = channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in old { channel.close(promise: nil) }
    }

    /// Says something to everybody who is connected.
    func say(_ text: String) {
        for channel in channels.withLock({ $0 }) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    }

    /// Sends a message to everybody who is connected, who has but one subscription.
    func send(_ subject: String, _ text: String) {
        switch kind {
        case .nats: say("MSG \(subject) 1 \(text.utf8.count)\r\n\(text)\r\n")
        case .redis: say(">3\r\n$7\r\nmessage\r\n$\(subject.utf8.count)\r\n\(subject)\r\n$\(text.utf8.count)\r\n\(text)\r\n")
        }
    }
}

/// One connection to a ``FakeEngine``.
final class FakeConversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let engine: FakeEngine
    private var number = 0
    private var rest = ByteBuffer()

    init(_ engine: FakeEngine) { self.engine = engine }

    func channelActive(context: ChannelHandlerContext) {
        let info = engine.state.withLock { state in
            state.seen.connections += 1
            number = state.seen.connections
            return state.behaviour.info
        }
        if engine.kind == .nats { say(#"INFO {"max_payload":1048576\#(info)}"# + "\r\n", context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        rest.writeImmutableBuffer(unwrapInboundIn(data))
        while let words = engine.kind == .nats ? natsCommand() : redisCommand() { take(words, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func say(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    private func take(_ words: [String], _ context: ChannelHandlerContext) {
        let behaviour = engine.state.withLock { $0.behaviour }
        let answers = behaviour.answers && number > behaviour.mutedUpTo
        switch words[0] {
        case "CONNECT" where !behaviour.accepts, "HELLO" where !behaviour.accepts:
            say(engine.kind == .nats ? "-ERR 'Authorization Violation'\r\n" : "-WRONGPASS invalid username-password pair\r\n", context)
            context.close(promise: nil)
        case "HELLO": say("%4\r\n+version\r\n+7.0\r\n+proto\r\n:3\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n", context)
        case "PING" where answers: say(engine.kind == .nats ? "PONG\r\n" : "+PONG\r\n", context)
        case "SUB", "SUBSCRIBE":
            let subjects = engine.kind == .nats ? [words[1]] : Array(words.dropFirst())
            guard behaviour.forbidden.isDisjoint(with: subjects) else {
                let text = "-ERR 'Permissions Violation for Subscription to \"\(subjects[0])\"'\r\n"
                return say(engine.kind == .nats ? text : "-NOPERM no\r\n", context)
            }
            engine.state.withLock { state in
                state.seen.subjects[number, default: []] += subjects
                state.seen.batches.append(subjects.count)
            }
            if engine.kind == .redis { say(subjects.map { ">3\r\n+subscribe\r\n+\($0)\r\n:1\r\n" }.joined(), context) }
        case "UNSUB", "UNSUBSCRIBE":
            engine.state.withLock { $0.seen.ended += words.dropFirst() }
            if engine.kind == .redis { say(words.dropFirst().map { ">3\r\n+unsubscribe\r\n+\($0)\r\n:1\r\n" }.joined(), context) }
        case "PUB", "PUBLISH":
            let publication = FakeEngine.Publication(connection: number, subject: words[1], text: words[2])
            engine.state.withLock { $0.seen.published.append(publication) }
            if engine.kind == .redis, answers { say(":0\r\n", context) }
        default: break
        }
    }

    private func natsCommand() -> [String]? {
        guard let line = line(from: rest.readerIndex) else { return nil }
        let words = line.text.split(separator: " ").map(String.init)
        guard words.first == "PUB", let size = Int(words[2]) else {
            rest.moveReaderIndex(to: line.end)
            return words.isEmpty ? [""] : words
        }
        guard let text = rest.getString(at: line.end, length: size), rest.writerIndex >= line.end + size + 2 else { return nil }
        rest.moveReaderIndex(to: line.end + size + 2)
        return [words[0], words[1], text]
    }

    private func redisCommand() -> [String]? {
        guard var line = line(from: rest.readerIndex), let count = Int(line.text.dropFirst()) else { return nil }
        var words: [String] = []
        for _ in 0..<count {
            guard let head = self.line(from: line.end), let size = Int(head.text.dropFirst()), rest.writerIndex >= head.end + size + 2,
                let word = rest.getString(at: head.end, length: size)
            else { return nil }
            words.append(word)
            line.end = head.end + size + 2
        }
        rest.moveReaderIndex(to: line.end)
        return words
    }

    private func line(from start: Int) -> (text: String, end: Int)? {
        guard let end = rest.viewBytes(at: start, length: rest.writerIndex - start)?.firstIndex(of: 0x0A) else { return nil }
        return (rest.getString(at: start, length: end - 1 - start) ?? "", end + 1)
    }
}
