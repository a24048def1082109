// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastWire
import NIOCore
import NIOHTTP1
import NIOTLS

/// Holds a client's channel from its first byte until the app has answered: reads opening requests, refuses bad ones, and hands a good one over.
///
/// An opening request of the usual form is read here (``OpeningRequestReader``). For all else llhttp's decoder comes into the pipeline in front,
/// until the answer is yes. A connection may carry ordinary requests first and upgrade later; after a refused handshake it is closed. Ordinary
/// requests that are neither are ``PlainRequest``s, one at a time.
///
/// ``ClientSocket`` tells it what happens on the channel.
final class OpeningHandler: ShardMember {
    enum State {
        case reading
        /// A good handshake has come; its last part is awaited.
        case finishing(Accepting, connection: Connection, OpeningRequest)
        /// The app is asked.
        case asking(Accepting)
        /// An ordinary request is passed on, or carried out.
        case exchanging(any PlainRequest)
        case ended
    }

    /// What a yes will need.
    struct Accepting {
        let key: String
        let compression: DeflateAgreement?
    }

    let id: ConnectionID
    let shard: HubShard
    var state = State.reading
    private(set) var context: ChannelHandlerContext?
    var deadline: MonotonicTime
    private var isHolding = true
    private var wantsRead = false
    /// The connection that the app is asked about, until it has answered. Not weak: Swift counts references to an object that ever had a weak
    /// one the slow way, for the rest of its life, and this one is retained for every message.
    private var held: Connection?
    private var socket: ClientSocket?
    /// `nil` as long as all that has come can be read without it.
    private var decoder: ByteToMessageHandler<HTTPRequestDecoder>?
    /// Without a decoder: the part of the head that has come, or what the client sends while the app is asked.
    private var early: ByteBuffer?
    /// In how many parts the head has come.
    private var parts = 0
    private static let mostParts = 8
    /// Requests behind the one that is under way, as far as they were read.
    private var backlog = RequestBacklog()
    private var isWorkingOff = false
    /// Whether a request has been answered: what is silent now has nothing to be told.
    private var hasServed = false
    /// What is wrong with the bytes behind the request that is under way.
    private var brokenBehind: (status: Int, message: String)?
    /// The earliest reminder that is under way.
    private var nextReminder: MonotonicTime?

    /// How this client stood when it came.
    let standing: NodeAdmission.Standing
    /// Its place on this node; `nil` once that has passed to the connection.
    private var ticket: NodeAdmission.Ticket?
    /// Whether there is TLS, or is to be none.
    private var isSecured: Bool
    let isTLS: Bool

    init(shard: HubShard, standing: NodeAdmission.Standing, ticket: NodeAdmission.Ticket, isSecured: Bool) {
        self.shard = shard
        self.standing = standing
        self.ticket = ticket
        self.isSecured = isSecured
        isTLS = !isSecured
        id = shard.makeID()
        deadline = .current + shard.admission.handshakeTimeout
        shard.hold(self)
        wake(by: deadline)
    }

    // MARK: Facts

    func handlerAdded(context: ChannelHandlerContext, socket: ClientSocket) {
        self.context = context
        self.socket = socket
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        socket = nil
        // A socket that came while the listener was closing goes without ever having been active.
        release(to: nil)
        ticket?.giveBack()
        ticket = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if decoder == nil { received(ClientSocket.bytes(data), context) } else { received(ClientSocket.part(data)) }
    }

    private func received(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        // What is kept of it is a copy.
        defer { shard.reads.giveBack(bytes) }
        switch state {
        case .reading:
            var bytes = bytes
            if var begun = early {
                begun.writeBuffer(&bytes)
                bytes = begun
                early = nil
            }
            parts += 1
            guard bytes.readableBytes <= shard.admission.maxHeadBytes else { return decode(bytes, context) }
            switch bytes.withUnsafeReadableBytes({ OpeningRequestReader.read($0) }) {
            case .whole(let head): if !received(head) { decode(bytes, context) }
            case .partial where parts < Self.mostParts: early = ByteBuffer(bytes: bytes.readableBytesView)
            case .partial, .other: decode(bytes, context)
            }
        case .asking:
            if early == nil { early = ByteBuffer(bytes: bytes.readableBytesView) } else { early?.writeImmutableBuffer(bytes) }
        case .finishing, .exchanging, .ended: break
        }
    }

    /// Brings in the parser, for these bytes and all that follow.
    private func decode(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let socket else { return }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = shard.admission.maxHeadBytes
        limits.maxHeaderListSize = shard.admission.maxHeadBytes
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits), maximumBufferSize: shard.admission.maxHeadBytes * 2)
        self.decoder = decoder
        let pipeline = context.pipeline.syncOperations
        do {
            // A parser may keep what was read.
            if !isTLS { try context.channel.readAlone() }
            try pipeline.addHandler(decoder, position: .before(socket))
            decoder.channelRead(context: try pipeline.context(handler: decoder), data: NIOAny(ByteBuffer(bytes: bytes.readableBytesView)))
        } catch {
            context.close(promise: nil)
        }
    }

    private func received(_ part: HTTPServerRequestPart) {
        switch (part, state) {
        case (.head(let head), .reading): received(head)
        case (.end, .finishing): requestEnded()
        case (.body(let bytes), .exchanging(let exchange)) where !exchange.isRequestWhole: exchange.bodyReceived(bytes)
        case (.end, .exchanging(let exchange)) where !exchange.isRequestWhole: exchange.requestEnded()
        case (_, .exchanging):
            // It was not asked for: the client is leaving, and has sent much before.
            if !backlog.keep(part) { context?.close(promise: nil) }
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    /// The handshake's last part has come.
    func requestEnded() {
        guard case .finishing(let accepting, let connection, let request) = state else { return }
        state = .asking(accepting)
        release(to: connection)
        connection.begin(request)
    }

    /// While the app is asked, one read at most brings what the client sends early; the rest stays in the socket. To leave the socket unread from the
    /// start would cost two system calls for each client, though nearly all of them wait for the answer.
    func read(context: ChannelHandlerContext) {
        if case .asking = state {
            guard decoder == nil, early == nil else { return wantsRead = true }
            return context.read()
        }
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
        backlog = RequestBacklog()
        held = nil
        state = .ended
        release(to: nil)
    }

    func userInboundEventTriggered(_ event: Any) {
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

    func write(_ bytes: ByteBuffer) { context?.writeAndFlush(ClientSocket.wrapOutboundOut(bytes), promise: nil) }

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
        var head = ByteBufferAllocator().buffer(capacity: 256)
        head.writeStaticString("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ")
        Handshake.writeAccept(for: accepting.key, into: &head)
        head.writeStaticString("\r\n")
        if let chosen { head.writeString("sec-websocket-protocol: \(chosen)\r\n") }
        if let agreement = accepting.compression {
            head.writeString("sec-websocket-extensions: \(agreement.answer)\r\n")
            connection.compression = shard.compression.compression(for: agreement, policy: connection.route.configuration.compression)
        }
        for header in headers { head.writeString("\(header.name): \(header.value)\r\n") }
        head.writeStaticString("\r\n")
        connection.ticket = ticket
        ticket = nil
        let bytes = early
        early = nil
        let wantedRead = wantsRead
        socket?.handOver(to: connection, context)
        context.writeAndFlush(ClientSocket.wrapOutboundOut(head), promise: nil)
        if let bytes { connection.channelRead(context: context, data: NIOAny(bytes)) }
        // The bytes that the decoder has left over go to the connection.
        if let decoder {
            context.pipeline.syncOperations.removeHandler(decoder, promise: nil)
            // Only a channel that is closed refuses it.
            if !isTLS { try? context.channel.readFrom(shard.reads, hasRead: true) }
        }
        if wantedRead { context.channel.read() }
    }

    /// The app said no, or could not be asked.
    func refuse(_ refusal: Refusal) {
        held = nil
        shard.refused[.app, default: 0] += 1
        respond(refusal.status, refusal.headers.map { ($0.name, $0.value) }, refusal.bytes, keepsAlive: false)
    }

    // MARK: Inside

    /// Turns to the requests behind the one that is over.
    private func workOff() {
        guard !isWorkingOff else { return }
        isWorkingOff = true
        while !backlog.isEmpty {
            if case .exchanging(let exchange) = state, exchange.isRequestWhole { break }
            guard let part = backlog.next() else { break }
            received(part)
        }
        isWorkingOff = false
        guard case .reading = state else { return resumeReading() }
        if let fault = brokenBehind { refuse(fault.status, fault.message) } else { resumeReading() }
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
