// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import HoldfastCore
import HoldfastWire
import NIOCore
import NIOHTTP1
import NIOTLS

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
        case finishing(Accepting, connection: Connection, OpeningRequest)
        /// The app is asked.
        case asking(Accepting)
        case ended
    }

    /// What a yes will need.
    private struct Accepting {
        let key: String
        let compression: DeflateAgreement?
    }

    let id: ConnectionID
    private let shard: HubShard
    private var state = State.reading
    private var context: ChannelHandlerContext?
    private var deadline: MonotonicTime
    private var isHolding = true
    private var wantsRead = false
    /// The connection that the app is asked about, until it has answered. Not weak: Swift counts references to an object that ever had a weak
    /// one the slow way, for the rest of its life, and this one is retained for every message.
    private var held: Connection?
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>

    /// How this client stood when it came.
    private let standing: NodeAdmission.Standing
    /// Whether there is TLS, or is to be none.
    private var isSecured: Bool

    init(shard: HubShard, decoder: ByteToMessageHandler<HTTPRequestDecoder>, standing: NodeAdmission.Standing, isSecured: Bool) {
        self.shard = shard
        self.standing = standing
        self.isSecured = isSecured
        self.decoder = decoder
        id = shard.makeID()
        deadline = .current + shard.admission.handshakeTimeout
        shard.hold(self)
        shard.remind(self, at: deadline)
    }

    // MARK: Facts

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        // A socket that came while the listener was closing goes without ever having been active.
        release(to: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .reading): received(head)
        case (.end, .finishing(let accepting, let connection, let request)):
            state = .asking(accepting)
            release(to: connection)
            connection.begin(request)
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    /// Nothing more is read while the app is asked: what the client sends early stays in the socket.
    func read(context: ChannelHandlerContext) {
        if case .asking = state { return }
        // Who asks and does not read the answers is not read either.
        guard context.channel.isWritable else {
            wantsRead = true
            return
        }
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard wantsRead, context.channel.isWritable else { return }
        wantsRead = false
        read(context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .asking = state { held?.clientLeft() }
        held = nil
        state = .ended
        release(to: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { isSecured = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard isSecured else { return giveUpTLS() }
        switch error {
        case HTTPParserError.headerOverflow:
            refuse(431, "the request's head is larger than \(shard.admission.maxHeadBytes) bytes")
        case let error as HTTPParserError: refuse(400, "the request is not HTTP/1.1 (\(error))")
        default: context.close(promise: nil)
        }
    }

    func reminded(at now: MonotonicTime) {
        switch state {
        case .reading, .finishing:
            guard now >= deadline else { return shard.remind(self, at: deadline) }
            if isSecured { refuse(408, "no opening request came in time") } else { giveUpTLS() }
        case .asking, .ended: break
        }
    }

    func drain(at moment: MonotonicTime) {
        switch state {
        case .reading where !isSecured: giveUpTLS()
        case .reading, .finishing: refuse(503, "this gateway is shutting down", [("retry-after", "1")], .shutdown)
        case .asking, .ended: break
        }
    }

    // MARK: Orders of the connection

    /// The app said yes: answers 101 and gives the channel to the connection, with whatever the client has sent since.
    func upgrade(to connection: Connection, chosen: String?, headers: [OpeningRequest.Field]) {
        guard case .asking(let accepting) = state, let context else { return }
        state = .ended
        held = nil
        var head = ByteBuffer()
        head.writeStaticString("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ")
        head.writeString(Base64.encode(Array(Insecure.SHA1.hash(data: Array((accepting.key + Handshake.acceptSuffix).utf8)))))
        head.writeStaticString("\r\n")
        if let chosen { head.writeString("sec-websocket-protocol: \(chosen)\r\n") }
        if let agreement = accepting.compression {
            head.writeString("sec-websocket-extensions: \(agreement.answer)\r\n")
            connection.compression = shard.compression.compression(for: agreement, policy: connection.route.configuration.compression)
        }
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
        shard.refused[.app, default: 0] += 1
        respond(refusal.status, refusal.headers.map { ($0.name, $0.value) }, refusal.body, keepsAlive: false)
    }

    // MARK: Inside

    private func received(_ head: HTTPRequestHead) {
        let verdict = Handshake.judge(method: head.method.rawValue, isHTTP11: head.version.major == 1 && head.version.minor >= 1) { head.headers[$0] }
        switch verdict {
        case .refuse(let status, let headers, let message):
            shard.refused[.of(status: status), default: 0] += 1
            let isBare = !head.headers.contains(name: "content-length") && !head.headers.contains(name: "transfer-encoding")
            let isUpgrade = head.headers.contains(name: "upgrade")
            respond(status, headers, message + "\n", keepsAlive: head.isKeepAlive && isBare && !isUpgrade)
        case .upgrade(let key, let protocols, let extensions): handshake(head, key, protocols, extensions)
        }
    }

    private func handshake(_ head: HTTPRequestHead, _ key: String, _ protocols: [String], _ extensions: [ExtensionOffer]) {
        guard !head.headers.contains(name: "transfer-encoding"), head.headers["content-length"].allSatisfy({ $0 == "0" }) else {
            return refuse(400, "a WebSocket handshake has no body")
        }
        let uri = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(uri.first ?? "/")
        guard let route = shard.routes.route(for: path) else { return refuse(404, "no route for this path") }
        guard route.configuration.origins.allows(head.headers["origin"]) else { return refuse(403, "this origin is not allowed") }
        guard !shard.admission.isDraining else { return refuse(503, "this gateway is shutting down", [("retry-after", "1")], .shutdown) }
        switch standing {
        case .welcome: break
        case .surplus(.address), .unwanted(.address): return refuse(429, "too many connections from this address", [("retry-after", "5")])
        case .surplus, .unwanted: return refuse(503, "this gateway holds as many connections as it may", [("retry-after", "5")], .full)
        }
        let request = OpeningRequest(
            path: path, query: uri.count > 1 ? String(uri[1]) : "", remoteAddress: context?.channel.remoteAddress?.ipAddress ?? "",
            headers: head.headers.map { OpeningRequest.Field(name: $0.name.lowercased(), value: $0.value) }, protocols: protocols)
        let connection = Connection(id: id, request: request, route: route, shard: shard, opening: self)
        let policy = route.configuration.compression
        let agreement = policy.isEnabled ? DeflateAgreement.choose(among: extensions, wish: policy.wish) : nil
        state = .finishing(Accepting(key: key, compression: agreement), connection: connection, request)
    }

    /// No TLS came about: nothing can be said to the client.
    private func giveUpTLS() {
        if case .ended = state { return }
        state = .ended
        shard.refused[.tls, default: 0] += 1
        context?.close(promise: nil)
    }

    private func refuse(_ status: Int, _ message: String, _ headers: [(String, String)] = [], _ reason: HandshakeRefusal? = nil) {
        if case .ended = state { return }
        shard.refused[reason ?? .of(status: status), default: 0] += 1
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
        // The reminder that is under way finds that there is more time.
        if keepsAlive { deadline = .current + shard.admission.handshakeTimeout } else { close() }
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
