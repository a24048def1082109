// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import HoldfastCore
import HoldfastWire
import NIOCore
import NIOHTTP1

/// Holds a client's channel from its first byte until the app has answered: reads opening requests, refuses bad ones, and hands a good one over.
///
/// Behind llhttp's decoder, which leaves the pipeline with this handler once the answer is yes. A connection may carry ordinary requests first
/// and upgrade later; after a refused handshake it is closed.
final class OpeningHandler: ChannelDuplexHandler, RemovableChannelHandler, ShardMember {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum State {
        case reading
        /// A good handshake has come; its last part is awaited.
        case finishing(key: String, connection: Connection, OpeningRequest)
        /// The app is asked.
        case asking(key: String)
        case ended
    }

    let id: ConnectionID
    private let shard: HubShard
    private var state = State.reading
    private var context: ChannelHandlerContext?
    private var deadline: MonotonicTime
    private var isHolding = true
    /// The connection that the app is asked about, until it has answered. Not weak: Swift counts references to an object that ever had a weak
    /// one the slow way, for the rest of its life, and this one is retained for every message.
    private var held: Connection?
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>

    /// Whether the node was full when this client came.
    private let isSurplus: Bool

    init(shard: HubShard, decoder: ByteToMessageHandler<HTTPRequestDecoder>, isSurplus: Bool) {
        self.shard = shard
        self.isSurplus = isSurplus
        self.decoder = decoder
        id = shard.makeID()
        deadline = .current + shard.admission.handshakeTimeout
        shard.hold(self)
        shard.remind(self, at: deadline)
    }

    // MARK: Facts

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .reading): received(head)
        case (.end, .finishing(let key, let connection, let request)):
            state = .asking(key: key)
            release(to: connection)
            connection.begin(request)
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    /// Nothing more is read while the app is asked: what the client sends early stays in the socket.
    func read(context: ChannelHandlerContext) {
        if case .asking = state { return }
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .asking = state { held?.clientLeft() }
        held = nil
        state = .ended
        release(to: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            refuse(431, "the request's head is larger than \(shard.admission.maxHeadBytes) bytes")
        case let error as HTTPParserError: refuse(400, "the request is not HTTP/1.1 (\(error))")
        default: context.close(promise: nil)
        }
    }

    func reminded(at now: MonotonicTime) {
        guard now >= deadline else { return }
        switch state {
        case .reading, .finishing: refuse(408, "no opening request came in time")
        case .asking, .ended: break
        }
    }

    func drain(at moment: MonotonicTime) {
        switch state {
        case .reading, .finishing: refuse(503, "this gateway is shutting down", [("retry-after", "1")])
        case .asking, .ended: break
        }
    }

    // MARK: Orders of the connection

    /// The app said yes: answers 101 and gives the channel to the connection, with whatever the client has sent since.
    func upgrade(to connection: Connection, chosen: String?, headers: [OpeningRequest.Field]) {
        guard case .asking(let key) = state, let context else { return }
        state = .ended
        held = nil
        var head = ByteBuffer()
        head.writeStaticString("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ")
        head.writeString(Base64.encode(Array(Insecure.SHA1.hash(data: Array((key + Handshake.acceptSuffix).utf8)))))
        head.writeStaticString("\r\n")
        if let chosen { head.writeString("sec-websocket-protocol: \(chosen)\r\n") }
        for header in headers { head.writeString("\(header.name): \(header.value)\r\n") }
        head.writeStaticString("\r\n")
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(connection)
        } catch {
            return context.close(promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(head), promise: nil)
        // This handler leaves first, so that the bytes that the decoder has left over go to the connection.
        pipeline.removeHandler(self, promise: nil)
        pipeline.removeHandler(decoder, promise: nil)
        context.channel.read()
    }

    /// The app said no, or could not be asked.
    func refuse(_ refusal: Refusal) {
        held = nil
        respond(refusal.status, refusal.headers.map { ($0.name, $0.value) }, refusal.body, keepsAlive: false)
    }

    // MARK: Inside

    private func received(_ head: HTTPRequestHead) {
        let verdict = Handshake.judge(method: head.method.rawValue, isHTTP11: head.version.major == 1 && head.version.minor >= 1) { head.headers[$0] }
        switch verdict {
        case .refuse(let status, let headers, let message):
            let isBare = !head.headers.contains(name: "content-length") && !head.headers.contains(name: "transfer-encoding")
            let isUpgrade = head.headers.contains(name: "upgrade")
            respond(status, headers, message + "\n", keepsAlive: head.isKeepAlive && isBare && !isUpgrade)
        case .upgrade(let key, let protocols): handshake(head, key, protocols)
        }
    }

    private func handshake(_ head: HTTPRequestHead, _ key: String, _ protocols: [String]) {
        guard !head.headers.contains(name: "transfer-encoding"), head.headers["content-length"].allSatisfy({ $0 == "0" }) else {
            return refuse(400, "a WebSocket handshake has no body")
        }
        let uri = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(uri.first ?? "/")
        guard let route = shard.routes.route(for: path) else { return refuse(404, "no route for this path") }
        guard route.configuration.origins.allows(head.headers["origin"]) else { return refuse(403, "this origin is not allowed") }
        guard !shard.admission.isDraining else { return refuse(503, "this gateway is shutting down", [("retry-after", "1")]) }
        guard !isSurplus else {
            shard.refused["connections", default: 0] += 1
            return refuse(503, "this gateway holds as many connections as it may", [("retry-after", "5")])
        }
        let request = OpeningRequest(
            path: path, query: uri.count > 1 ? String(uri[1]) : "", remoteAddress: context?.channel.remoteAddress?.ipAddress ?? "",
            headers: head.headers.map { OpeningRequest.Field(name: $0.name.lowercased(), value: $0.value) }, protocols: protocols)
        let connection = Connection(id: id, request: request, route: route, shard: shard, opening: self)
        state = .finishing(key: key, connection: connection, request)
    }

    private func refuse(_ status: Int, _ message: String, _ headers: [(String, String)] = []) {
        respond(status, headers, message + "\n", keepsAlive: false)
    }

    private func respond(_ status: Int, _ headers: [(String, String)], _ body: String, keepsAlive: Bool) {
        if case .ended = state { return }
        guard let context else { return }
        var head = ByteBuffer(string: "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
        var names: Set<String> = []
        for (name, value) in headers {
            names.insert(name)
            head.writeString("\(name): \(value)\r\n")
        }
        if !names.contains("content-type"), !body.isEmpty { head.writeStaticString("content-type: text/plain; charset=utf-8\r\n") }
        if !keepsAlive, !names.contains("connection") { head.writeStaticString("connection: close\r\n") }
        head.writeString("content-length: \(body.utf8.count)\r\n\r\n\(body)")
        context.writeAndFlush(wrapOutboundOut(head), promise: nil)
        if keepsAlive {
            deadline = .current + shard.admission.handshakeTimeout
            shard.remind(self, at: deadline)
        } else {
            close()
        }
    }

    /// Half-closes, so that a client that is still sending reads the answer instead of a reset; the deadline does the rest.
    private func close() {
        if case .ended = state { return }
        guard let context else { return }
        state = .ended
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }

    private func release(to connection: Connection?) {
        guard isHolding else { return }
        isHolding = false
        if let connection {
            held = connection
            shard.hold(connection)
        } else {
            shard.forget(id)
        }
    }
}
