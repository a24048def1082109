// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastWire
package import NIOCore

/// One held WebSocket: the only handler of its channel once the handshake is done, and the loop-bound home of everything about it.
///
/// It decides nothing: ``ConnectionMachine`` says how it lives, ``KeepAliveMachine`` when it is tested, ``DeliveryMachine`` what the app is sent and
/// ``SendQueue`` what waits for the client. It outlives its socket until the app has been told of the end.
package final class Connection: ChannelDuplexHandler, ShardMember, WebhookSource {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// How long the peer may take to answer a close frame.
    static let closeTimeout = Duration.seconds(5)
    /// How long a peer that broke the protocol may take to hang up.
    static let failTimeout = Duration.seconds(1)

    /// Those of an outbound connection are known once its remote has accepted.
    var facts: ConnectionFacts
    let route: ShardRoute
    unowned let shard: HubShard
    let trace: TraceContext

    // What was decided so far.
    var machine: ConnectionMachine
    var keepAlive: KeepAliveMachine
    var delivery: DeliveryMachine
    var sendQueue = SendQueue()
    /// `nil` while no message is under way.
    private var reader: Kept<MessageReader>?
    /// `nil` where client and route did not agree on it.
    var compression: Compression?

    // What the app set.
    var chosenProtocol: String?
    var state = ConnectionState()
    var channels: [ChannelName] = []
    /// What a GRIP app has set up.
    var grip: GripSession?
    /// `nil` for most connections.
    var extras: ConnectionExtras?

    // What is under way.
    var opening: OpeningHandler?
    /// What has it dialled; `nil` for those that clients have opened.
    let dial: Dial?
    var context: ChannelHandlerContext?
    /// The socket's place on this node; `nil` for one that was dialled, whose place is its dial's.
    var ticket: NodeAdmission.Ticket?
    @Due var keepAliveAt: MonotonicTime?
    @Due var closeAt: MonotonicTime?
    @Due var retryAt: MonotonicTime?
    @Due var drainAt: MonotonicTime?
    let openedAt: MonotonicTime
    /// Whether it comes from a proxy that the route trusts.
    let isTrusted: Bool
    var wasOpened = false
    /// Whether it waits for a place in its pool.
    var isQueued = false
    var isDirty = false
    /// Bytes written since the last flush.
    var unflushed: Int32 = 0
    var isWritable = true
    /// Whether what is sent goes straight to the socket.
    var hasDirectPath = false
    /// What goes there at the end of the turn.
    var gathered = GatheredFrames.List()
    /// Whether frames go to the socket as they are, with no TLS between.
    var isPlain: Bool
    /// Whether the socket is left unread because the app is behind.
    var isPaused = false
    var wantsRead = false
    private var keptUnread: Kept<ByteBuffer>?
    /// Whether the socket has gone, with something unread: the app hears of that first.
    var isGone = false
    /// Whether nothing is left to do but to see the socket go.
    var isOver = false
    /// Whether it has left its channels.
    var hasLeft = false
    /// Whether the log has named it as a slow reader.
    var wasSlowBefore = false
    /// Whether what the peer sends is of no interest any more.
    var isDeaf = false

    /// - Parameter opening: who holds the channel until the app has answered.
    init(id: ConnectionID, request: OpeningRequest, route: ShardRoute, shard: HubShard, opening: OpeningHandler) {
        machine = .asking
        delivery = DeliveryMachine()
        dial = nil
        isPlain = !request.isSecure
        var request = request
        request.isTrusted = route.isTrusted(request.header("grip-sig"))
        isTrusted = request.isTrusted
        var head = route.dialect.webhookHead(of: request, id: id)
        if let whole = head { head = route.heads.shared(whole) }
        facts = ConnectionFacts(
            id: id, direction: .inbound, route: route.configuration.name, request: request, keeping: route.traits.keepsHeaders, webhookHead: head)
        self.route = route
        self.shard = shard
        self.opening = opening
        trace = request.header("traceparent").flatMap(TraceContext.init(traceparent:)) ?? TraceContext(using: &shard.random)
        openedAt = shard.now
        keepAlive = KeepAliveMachine(openedAt: shard.now)
    }

    /// A connection that is to be dialled.
    init(dialling dial: Dial, id: ConnectionID, route: ShardRoute, shard: HubShard) {
        machine = .dialling
        delivery = DeliveryMachine(asksLeave: false)
        self.dial = dial
        isPlain = true
        isTrusted = false
        facts = ConnectionFacts(
            id: id, direction: .outbound, route: route.configuration.name,
            request: OpeningRequest(path: "", query: "", remoteAddress: "", headers: [], protocols: []), keeping: [])
        self.route = route
        self.shard = shard
        trace = TraceContext(using: &shard.random)
        openedAt = shard.now
        keepAlive = KeepAliveMachine(openedAt: shard.now)
    }

    package var id: ConnectionID { facts.id }
    package var isOpen: Bool { machine.isOpen && !isGone }
    var isReachable: Bool { machine.isReachable && !isGone }
    var limits: ConnectionLimits { route.configuration.limits }
    var queuedBytes: Int { sendQueue.bytes }

    var session: SessionView {
        // Counting them copies the machine, with all references in it.
        let replayed = delivery.offered == 0 ? 0 : delivery.replayedBytes
        return SessionView(
            facts: facts, chosenProtocol: chosenProtocol, state: state, channels: channels, grip: grip, replayedBytes: replayed, gaps: gaps)
    }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        ticket?.giveBack()
        ticket = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        keepAlive.heard(at: shard.now)
        var bytes = unwrapInboundIn(data)
        if let keptUnread { keptUnread.value.writeBuffer(&bytes) } else { take(&bytes) }
        // What is kept of it is a copy.
        if isPlain { shard.reads.giveBack(bytes) }
    }

    /// What the socket brought while the app was behind; a read that is under way cannot be taken back.
    var unread: ByteBuffer? {
        get { keptUnread?.value }
        set { keptUnread = newValue.map(Kept.init) }
    }

    /// Reads on as far as the app keeps up: a few bytes can inflate to many, so it is looked at after each message.
    func take(_ bytes: inout ByteBuffer) {
        var reader = reader?.value ?? MessageReader(expectsMask: !isOutbound, maxMessageBytes: limits.maxMessageBytes)
        self.reader = nil
        defer { if !reader.isIdle { self.reader = Kept(reader) } }
        do throws(Violation) {
            while true {
                guard !isPaused else {
                    if bytes.readableBytes > 0 { unread = ByteBuffer(bytes: bytes.readableBytesView) }
                    return
                }
                switch try reader.next(from: &bytes, inflater: compression?.inflater) {
                case .needMore: return
                case .text(let text): received(.text(text))
                case .binary(let bytes): received(.binary(bytes))
                case .ping(let payload): pinged(payload)
                case .pong(let payload): tell(.pong(payload))
                case .close(let code, let reason):
                    isDeaf = true
                    return execute(machine.closeReceived(code, reason: reason))
                }
            }
        } catch {
            isDeaf = true
            execute(machine.violated(error))
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable { drainSendQueue() }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        closeDirectPath()
        if unread != nil {
            isGone = true
            leaveChannels()
        } else {
            execute(machine.transportClosed())
        }
        if isOver { shard.forget(id) }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Back-pressure: while the app is behind, the socket is not read.
    package func read(context: ChannelHandlerContext) {
        if isPaused { wantsRead = true } else { context.read() }
    }

    private func received(_ payload: Payload) {
        guard machine.messageReceived() == .deliver else { return }
        route.counters.messagesReceived += 1
        route.counters.bytesReceived += payload.count
        if let filter = extras?.excluded, filter.excludes(payload) { return }
        keepAlive.messagePassed(at: shard.now)
        tell(.message(payload))
    }

    private func pinged(_ payload: ByteBuffer) {
        guard machine.pingReceived() == .pong else { return }
        if route.configuration.autoPong { sendPong(payload) }
        tell(.ping(payload))
    }

    // MARK: Time

    func reminded(at now: MonotonicTime) {
        if let due = closeAt, due <= now {
            closeAt = nil
            execute(machine.closeTimedOut())
            context?.close(promise: nil)
        }
        if let due = drainAt, due <= now {
            drainAt = nil
            if extras?.isTakenOver == true { return endTakenOver() }
            let why = "the gateway is shutting down"
            execute(machine.closeOrdered(.goingAway, reason: why, error: why, cause: .shutdown))
        }
        if let due = retryAt, due <= now {
            retryAt = nil
            enqueueForDelivery()
        }
        if let due = keepAliveAt, due <= now { checkKeepAlive(at: now) }
        checkExtras(at: now)
        dial?.reminded(at: now)
    }

    func drain(at moment: MonotonicTime) {
        drainAt = moment
        shard.remind(self, at: moment)
    }

    func checkKeepAlive(at now: MonotonicTime) {
        // An unread socket says nothing about its peer.
        if isPaused { keepAlive.heard(at: now) }
        if let time = shard.directPaths.messageAt(facts.id.slot) { keepAlive.messagePassed(at: time) }
        keepAliveAt = nil
        switch keepAlive.timerFired(at: now, policy: route.configuration.keepAlive) {
        case .none: break
        case .check(let time): remindKeepAlive(at: time)
        case .ping(let time):
            sendPing()
            remindKeepAlive(at: time)
        case .end(.silent): execute(machine.peerSilent())
        case .end(.idle): execute(machine.closeOrdered(.normal, reason: "idle", error: "no message for the idle timeout", cause: .idle))
        case .end(let cause):
            execute(machine.closeOrdered(.goingAway, reason: "maximum lifetime reached", error: "the maximum lifetime was reached", cause: cause))
        }
    }

    private func remindKeepAlive(at time: MonotonicTime) {
        keepAliveAt = time
        shard.remind(self, at: time)
    }
}

/// A value that is rarely there, and too large to have room for always.
private final class Kept<Value> {
    var value: Value

    init(_ value: Value) { self.value = value }
}
