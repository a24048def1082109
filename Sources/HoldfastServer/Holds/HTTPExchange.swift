// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HoldfastCore
import NIOCore
import NIOHTTP1

/// One plain HTTP request on a client's connection, and its answer: passed on to the app and back, or held where the app says so.
///
/// It belongs to the ``OpeningHandler`` of its connection, which tells it what the client does and writes what it is given. It holds the app's answer
/// back as the client's pace demands, and the client's request as the app's does.
final class HTTPExchange {
    /// Where it stands.
    enum Phase {
        /// The app's answer is awaited.
        case asking
        /// The answer passes from the app to the client.
        case passing
        /// The app has given instructions: a ``HoldMachine`` says what is done.
        case holding
        case ended
    }

    /// Who is waited for, with a deadline.
    enum Wait {
        case app, client
    }

    /// What a request to the app is for.
    enum Purpose {
        /// The client's request, for the first time.
        case first
        /// The client's request, because a publication was missed.
        case again
        /// Where a held answer goes on.
        case link
    }

    let incoming: Incoming
    let route: ShardRoute
    let proxy: HTTPProxy
    let shard: HubShard
    let loop: any EventLoop
    /// Whom the client's connection belongs to; `nil` when the exchange is over.
    private(set) var opening: OpeningHandler?

    var phase = Phase.asking
    /// Whether the client is a GRIP proxy before this gateway: then this one passes instructions on.
    let isTrusted: Bool
    /// `nil` for a request without a body.
    let body: RequestBody?
    private(set) var isRequestWhole: Bool
    /// A copy of a body that is not too long, should the request be made again; `nil` when it was too long.
    private(set) var keptBody: ByteBuffer?
    private var saidContinue = false
    var isDraining = false
    var drainAt: MonotonicTime?

    /// The head of the answer, once it has been written.
    var framing: AnswerFraming?
    var sendQueue = SendQueue()
    var writable: EventLoopPromise<Void>?

    var call: AppCall?
    var purpose = Purpose.first
    private var wait = Wait.app
    private var deadline: MonotonicTime?

    var machine: HoldMachine?
    /// What it listens to.
    var channels: [ChannelName] = []
    var isCountedAsHeld = false
    /// The head of the answer that holds the app's instructions, while its body is on the way.
    var instructedHead: AppAnswer?
    /// What is counted at the end of a hold.
    var outcome = ProxyOutcome.held

    /// - Parameters:
    ///   - loop: the connection's own.
    ///   - opening: keeps this object until it is over.
    init(_ incoming: Incoming, route: ShardRoute, proxy: HTTPProxy, shard: HubShard, opening: OpeningHandler) {
        self.incoming = incoming
        self.route = route
        self.proxy = proxy
        self.shard = shard
        self.opening = opening
        isTrusted = incoming.request.isTrusted
        loop = shard.loop
        isRequestWhole = false
        body = incoming.hasBody ? RequestBody(loop: shard.loop) : nil
        keptBody = proxy.settings.noGrip ? nil : ByteBuffer()
    }

    var limits: ConnectionLimits { route.configuration.limits }

    /// Begins: asks the app.
    func start() {
        if !isTrusted, incoming.method == .POST, incoming.request.mediaType == "application/websocket-events" {
            return refuse(403, "Client not allowed to send WebSocket events directly.")
        }
        if ProxyHeaders.isLoop(incoming.request.headers, settings: proxy.settings) {
            return refuse(508, "this request has been here before (CDN-Loop)")
        }
        if proxy.settings.crossOrigin, CrossOrigin.isPreflight(method: incoming.method.rawValue, incoming.request.header) {
            return respond(HeldResponse(status: 204, headers: CrossOrigin.preflight(incoming.request.header)), .answered)
        }
        body?.open(wanted: { [unowned self] in bodyWanted() }, moved: { [unowned self] in bodyMoved() })
        waitFor(.app, proxy.timeout)
        callApp(.first, appRequest(gaps: nil))
    }

    // MARK: What the client does

    /// Whether the client's next bytes are wanted now.
    var takesMore: Bool { !isRequestWhole && (body?.takesMore ?? true) }

    func bodyReceived(_ part: ByteBuffer) {
        if let kept = keptBody {
            if kept.readableBytes + part.readableBytes > HoldInstruction.maxBodyBytes { keptBody = nil } else { keptBody?.writeImmutableBuffer(part) }
        }
        body?.received(part)
    }

    func requestEnded() {
        isRequestWhole = true
        body?.ended()
    }

    /// The client's connection is gone.
    func clientLeft() {
        guard phase != .ended else { return }
        if machine != nil { carryOut { $0.clientGone() } }
        finish(.clientGone)
    }

    /// What the client sends as its body is not HTTP.
    func clientBroke(_ message: String) { refuse(400, message) }

    func writabilityChanged() {
        guard phase != .ended, opening?.isWritable == true else { return }
        while opening?.isWritable == true, let bytes = sendQueue.next() { opening?.write(bytes) }
        guard sendQueue.isEmpty, opening?.isWritable == true else { return }
        if call != nil { waitFor(.app, HTTPProxy.idleTimeout) }
        writable?.succeed()
        writable = nil
    }

    // MARK: Time

    /// Waits for someone, in place of whoever was waited for before.
    func waitFor(_ whom: Wait, _ time: Duration) {
        wait = whom
        deadline = .current + time
        wake()
    }

    func waitForNobody() { deadline = nil }

    func wake() {
        for time in [deadline, machine?.deadline, drainAt].compactMap(\.self) { opening?.wake(by: time) }
    }

    func reminded(at now: MonotonicTime) {
        if let due = machine?.deadline, due <= now { carryOut { $0.deadlinePassed(at: now) } }
        if let due = drainAt, due <= now {
            drainAt = nil
            outcome = .shutdown
            if machine != nil { carryOut { $0.shutdown() } }
        }
        if let due = deadline, due <= now {
            deadline = nil
            expired()
        }
        if phase != .ended { wake() }
    }

    /// The gateway is shutting down: what is held goes out at `moment`, what is on its way is let pass.
    func drain(at moment: MonotonicTime) {
        isDraining = true
        drainAt = moment
        wake()
    }

    private func expired() {
        switch (phase, wait) {
        case (.ended, _): break
        case (.asking, .client): refuse(408, "the request's body did not come in time", .slow)
        case (.asking, .app): failed(.timeout("no answer within \(proxy.timeout.inSeconds) s"))
        case (.passing, .client): cut(.slow)
        case (.passing, .app): cut(.timeout)
        case (.holding, _):
            guard let call else { return }
            call.cancel()
            callFailed(.timeout("no answer within \(proxy.timeout.inSeconds) s"))
        }
    }

    private func bodyWanted() {
        if incoming.expectsContinue, !saidContinue, framing == nil, body?.isWanted == true {
            saidContinue = true
            opening?.write(AnswerWriter.goOn)
        }
        opening?.resumeReading()
        if phase == .asking { waitFor(.client, shard.admission.handshakeTimeout) }
    }

    private func bodyMoved() {
        if phase == .asking { waitFor(.app, proxy.timeout) }
        opening?.resumeReading()
    }

    // MARK: The end

    /// Ends an answer that will not be complete, so that the client does not take it for complete.
    func cut(_ outcome: ProxyOutcome) {
        guard phase != .ended else { return }
        let needsReset = framing?.body == .untilEnd
        let opening = opening
        leave(outcome)
        opening?.cutExchange(withReset: needsReset)
    }

    func finish(_ outcome: ProxyOutcome) {
        guard phase != .ended else { return }
        let opening = opening
        leave(outcome)
        opening?.exchangeEnded(keepsAlive: framing?.keepsAlive ?? false)
    }

    private func leave(_ outcome: ProxyOutcome) {
        phase = .ended
        opening = nil
        deadline = nil
        drainAt = nil
        machine = nil
        route.counters.proxied[outcome, default: 0] += 1
        if isCountedAsHeld { route.counters.held -= 1 }
        instructedHead = nil
        for channel in channels { shard.stopListening(incoming.slot, to: channel) }
        channels = []
        sendQueue.removeAll()
        call?.cancel()
        call = nil
        body?.abandon()
        keptBody = nil
        writable?.fail(CancellationError())
        writable = nil
    }
}
