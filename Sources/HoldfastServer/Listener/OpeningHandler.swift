// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import DequeModule
import Foundation
import HoldfastCore
import HoldfastWire
import NIOCore
import NIOHTTP1
import NIOTLS

/// Holds a client's channel from its first byte until the app has answered: reads opening requests, refuses bad ones, and hands a good one over.
///
/// Behind llhttp's decoder, which leaves the pipeline with this handler once the answer is yes. A connection may carry ordinary requests first
/// and upgrade later; after a refused handshake it is closed. Ordinary requests on routes that pass them on are ``HTTPExchange``s, one at a time.
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
        /// An ordinary request is passed on.
        case exchanging(HTTPExchange)
        case ended
    }

    /// What may come unasked of requests behind the one that is under way: some looks at the socket. NIO reads all that is there when a client leaves.
    private static let mostWaitingBytes = 256 << 10

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
    /// Requests behind the one that is under way, as far as they were read.
    private var waiting: Deque<HTTPServerRequestPart> = []
    private var waitingBytes = 0
    private var isWorkingOff = false
    /// Whether a request has been answered: what is silent now has nothing to be told.
    private var hasServed = false
    /// What is wrong with the bytes behind the request that is under way.
    private var brokenBehind: (status: Int, message: String)?
    /// The earliest reminder that is under way.
    private var nextReminder: MonotonicTime?

    /// How this client stood when it came.
    private let standing: NodeAdmission.Standing
    /// Whether there is TLS, or is to be none.
    private var isSecured: Bool
    private let isTLS: Bool

    init(shard: HubShard, decoder: ByteToMessageHandler<HTTPRequestDecoder>, standing: NodeAdmission.Standing, isSecured: Bool) {
        self.shard = shard
        self.standing = standing
        self.isSecured = isSecured
        isTLS = !isSecured
        self.decoder = decoder
        id = shard.makeID()
        deadline = .current + shard.admission.handshakeTimeout
        shard.hold(self)
        wake(by: deadline)
    }

    // MARK: Facts

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        // A socket that came while the listener was closing goes without ever having been active.
        release(to: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received(unwrapInboundIn(data))
    }

    private func received(_ part: HTTPServerRequestPart) {
        switch (part, state) {
        case (.head(let head), .reading): received(head)
        case (.end, .finishing(let accepting, let connection, let request)):
            state = .asking(accepting)
            release(to: connection)
            connection.begin(request)
        case (.body(let bytes), .exchanging(let exchange)) where !exchange.isRequestWhole: exchange.bodyReceived(bytes)
        case (.end, .exchanging(let exchange)) where !exchange.isRequestWhole: exchange.requestEnded()
        case (_, .exchanging): keep(part)
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    /// Nothing more is read while the app is asked: what the client sends early stays in the socket.
    func read(context: ChannelHandlerContext) {
        if case .asking = state { return }
        if case .exchanging(let exchange) = state {
            guard exchange.takesMore else {
                wantsRead = true
                return
            }
            return context.read()
        }
        // Who asks and does not read the answers is not read either.
        guard context.channel.isWritable else {
            wantsRead = true
            return
        }
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .exchanging(let exchange) = state { exchange.writabilityChanged() }
        if context.channel.isWritable { resumeReading() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .asking = state { held?.clientLeft() }
        if case .exchanging(let exchange) = state { exchange.clientLeft() }
        waiting = []
        held = nil
        state = .ended
        release(to: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { isSecured = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard isSecured else { return giveUpTLS() }
        let fault: (status: Int, message: String)
        switch error {
        case HTTPParserError.headerOverflow: fault = (431, "the request's head is larger than \(shard.admission.maxHeadBytes) bytes")
        case let error as HTTPParserError: fault = (400, "the request is not HTTP/1.1 (\(error))")
        default: return context.close(promise: nil)
        }
        guard case .exchanging(let exchange) = state else { return refuse(fault.status, fault.message) }
        // The answer to what came before goes first.
        if exchange.isRequestWhole { brokenBehind = fault } else { exchange.clientBroke(fault.message) }
    }

    func reminded(at now: MonotonicTime) {
        nextReminder = nil
        switch state {
        case .reading, .finishing:
            guard now >= deadline else { return wake(by: deadline) }
            if hasServed { hangUp() } else if isSecured { refuse(408, "no opening request came in time") } else { giveUpTLS() }
        case .exchanging(let exchange): exchange.reminded(at: now)
        case .asking, .ended: break
        }
    }

    /// Asks to be reminded at a time, unless a reminder comes before it anyway.
    func wake(by time: MonotonicTime) {
        if let nextReminder, nextReminder <= time { return }
        nextReminder = time
        shard.remind(self, at: time)
    }

    func drain(at moment: MonotonicTime) {
        switch state {
        case .reading where !isSecured: giveUpTLS()
        case .reading where hasServed: hangUp()
        case .reading, .finishing: refuse(503, "this gateway is shutting down", [("retry-after", "1")], .shutdown)
        case .exchanging(let exchange): exchange.drain(at: moment)
        case .asking, .ended: break
        }
    }

    // MARK: Orders of the exchange

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ bytes: ByteBuffer) { context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }

    /// Reads what was not wanted before.
    func resumeReading() {
        guard wantsRead, let context else { return }
        wantsRead = false
        read(context: context)
    }

    /// The answer has been written.
    ///
    /// - Parameter keepsAlive: whether the client may go on, as the answer's head says.
    func exchangeEnded(keepsAlive: Bool) {
        guard case .exchanging = state else { return }
        hasServed = true
        guard keepsAlive else { return close(sending: true) }
        state = .reading
        deadline = .current + shard.admission.handshakeTimeout
        wake(by: deadline)
        workOff()
    }

    /// The answer will not be complete.
    ///
    /// - Parameter withReset: where the end of the connection would be taken for the end of the answer.
    func cutExchange(withReset: Bool) {
        guard case .exchanging = state else { return }
        state = .ended
        guard let context else { return }
        if withReset { _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)) }
        context.close(promise: nil)
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
        respond(refusal.status, refusal.headers.map { ($0.name, $0.value) }, refusal.bytes, keepsAlive: false)
    }

    // MARK: Inside

    private func received(_ head: HTTPRequestHead) {
        if !head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }) {
            let target = RequestTarget(head.uri)
            let authority = head.headers.first(name: "host")
            if let route = shard.routes.route(for: target.path, at: authority) {
                if let proxy = route.proxy { return exchange(head, target, route, proxy) }
            } else if shard.passesRequestsOn {
                return head.method == .CONNECT ? refuse(405, "CONNECT is not passed on") : refuse(404, "no route for this path")
            }
        }
        let verdict = Handshake.judge(method: head.method.rawValue, isHTTP11: head.version.major == 1 && head.version.minor >= 1) { head.headers[$0] }
        switch verdict {
        case .refuse(let status, let headers, let message):
            shard.refused[.of(status: status), default: 0] += 1
            let isBare = !head.headers.contains(name: "content-length") && !head.headers.contains(name: "transfer-encoding")
            let isUpgrade = head.headers.contains(name: "upgrade")
            respond(status, headers, ByteBuffer(string: message + "\n"), keepsAlive: head.isKeepAlive && isBare && !isUpgrade)
        case .upgrade(let key, let protocols, let extensions): handshake(head, key, protocols, extensions)
        }
    }

    private func handshake(_ head: HTTPRequestHead, _ key: String, _ protocols: [String], _ extensions: [ExtensionOffer]) {
        guard !head.headers.contains(name: "transfer-encoding"), head.headers["content-length"].allSatisfy({ $0 == "0" }) else {
            return refuse(400, "a WebSocket handshake has no body")
        }
        let target = RequestTarget(head.uri)
        guard let route = shard.routes.route(for: target.path, at: head.headers.first(name: "host")) else {
            return refuse(404, "no route for this path")
        }
        guard route.configuration.origins.allows(head.headers["origin"]) else { return refuse(403, "this origin is not allowed") }
        guard isWelcome() else { return }
        let request = openingRequest(head, target, protocols: protocols)
        let connection = Connection(id: id, request: request, route: route, shard: shard, opening: self)
        let policy = route.configuration.compression
        let agreement = policy.isEnabled ? DeflateAgreement.choose(among: extensions, wish: policy.wish) : nil
        state = .finishing(Accepting(key: key, compression: agreement), connection: connection, request)
    }

    /// Begins to pass an ordinary request on.
    private func exchange(_ head: HTTPRequestHead, _ target: RequestTarget, _ route: ShardRoute, _ proxy: HTTPProxy) {
        let hosts = head.headers["host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version.minor == 0) else {
            return refuse(400, hosts.isEmpty ? "no Host header" : "more than one Host header")
        }
        guard head.method != .CONNECT, head.method != .TRACE else { return refuse(405, "\(head.method.rawValue) is not passed on") }
        guard head.headers["transfer-encoding"].allSatisfy({ $0.lowercased() == "chunked" }) else {
            return refuse(501, "a request's body may be chunked, and nothing else (Transfer-Encoding)")
        }
        guard isWelcome() else { return }
        var request = openingRequest(head, target, protocols: [])
        request.isTrusted = route.isTrusted(request.header("grip-sig"))
        let incoming = HTTPExchange.Incoming(head, request, slot: id.slot)
        let exchange = HTTPExchange(incoming, route: route, proxy: proxy, shard: shard, opening: self)
        state = .exchanging(exchange)
        exchange.start()
    }

    /// Whether a client is let in as far as the gateway is concerned; else it is told why not.
    private func isWelcome() -> Bool {
        if shard.admission.isDraining {
            refuse(503, "this gateway is shutting down", [("retry-after", "1")], .shutdown)
            return false
        }
        switch standing {
        case .welcome: return true
        case .surplus(.address), .unwanted(.address): refuse(429, "too many connections from this address", [("retry-after", "5")])
        case .surplus, .unwanted: refuse(503, "this gateway holds as many connections as it may", [("retry-after", "5")], .full)
        }
        return false
    }

    private func openingRequest(_ head: HTTPRequestHead, _ target: RequestTarget, protocols: [String]) -> OpeningRequest {
        OpeningRequest(
            path: target.path, query: target.query, remoteAddress: context?.channel.remoteAddress?.ipAddress ?? "",
            headers: head.headers.map { OpeningRequest.Field(name: $0.name.lowercased(), value: $0.value) }, protocols: protocols, isSecure: isTLS)
    }

    /// Keeps what has come of requests behind the one that is under way.
    private func keep(_ part: HTTPServerRequestPart) {
        waitingBytes += 64
        switch part {
        case .head(let head): waitingBytes += head.headers.reduce(head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        case .body(let bytes): waitingBytes += bytes.readableBytes
        case .end: break
        }
        // It was not asked for: the client is leaving, and has sent much before.
        guard waitingBytes <= Self.mostWaitingBytes else {
            context?.close(promise: nil)
            return
        }
        waiting.append(part)
    }

    /// Turns to the requests behind the one that is over.
    private func workOff() {
        guard !isWorkingOff else { return }
        isWorkingOff = true
        while !waiting.isEmpty {
            if case .exchanging(let exchange) = state, exchange.isRequestWhole { break }
            guard let part = waiting.popFirst() else { break }
            received(part)
        }
        isWorkingOff = false
        if waiting.isEmpty { waitingBytes = 0 }
        guard case .reading = state else { return resumeReading() }
        if let fault = brokenBehind { refuse(fault.status, fault.message) } else { resumeReading() }
    }

    /// Closes a connection that has nothing to be told.
    private func hangUp() {
        state = .ended
        context?.close(promise: nil)
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
        respond(status, headers, ByteBuffer(string: message + "\n"), keepsAlive: false)
    }

    private func respond(_ status: Int, _ headers: [(String, String)], _ body: ByteBuffer, keepsAlive: Bool) {
        if case .ended = state { return }
        guard let context else { return }
        var head = ByteBuffer(string: "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
        var names: Set<String> = []
        for (name, value) in headers {
            names.insert(name)
            head.writeString("\(name): \(value)\r\n")
        }
        if !names.contains("content-type"), body.readableBytes > 0 { head.writeStaticString("content-type: text/plain; charset=utf-8\r\n") }
        if !keepsAlive, !names.contains("connection") { head.writeStaticString("connection: close\r\n") }
        head.writeString("content-length: \(body.readableBytes)\r\n\r\n")
        head.writeImmutableBuffer(body)
        context.writeAndFlush(wrapOutboundOut(head), promise: nil)
        // The reminder that is under way finds that there is more time.
        if keepsAlive { deadline = .current + shard.admission.handshakeTimeout } else { close(sending: true) }
    }

    /// Half-closes, so that a client that is still sending reads the answer instead of a reset; the deadline does the rest.
    ///
    /// - Parameter sending: whether there may be so much to send that it takes its time.
    private func close(sending: Bool) {
        if case .ended = state { return }
        guard let context else { return }
        state = .ended
        let channel = context.channel
        let loop = context.eventLoop.assumeIsolated()
        guard sending, !channel.isWritable else {
            context.close(mode: .output, promise: nil)
            loop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            return
        }
        let sent = context.eventLoop.makePromise(of: Void.self)
        let limit = loop.scheduleTask(in: .nanoseconds(HTTPProxy.idleTimeout.inNanoseconds)) { channel.close(promise: nil) }
        sent.futureResult.assumeIsolated().whenComplete { _ in
            limit.cancel()
            loop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        context.close(mode: .output, promise: sent)
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
