// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Foundation
import HoldfastCore
import HoldfastWire
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// One event loop's kept-alive HTTP/1.1 connections to one route's app, and the connections that wait for a free one.
///
/// How many requests may be in flight is the route's ``WebhookBudget``, which all loops share.
final class WebhookPool {
    /// An unused connection is closed after this long, unless the app says earlier.
    static let idleTimeout = Duration.seconds(55)

    unowned var route: ShardRoute!
    let policy: WebhookPolicy
    private let loop: any EventLoop
    private let target: TargetURL
    private let logger: Logger
    private let budget: WebhookBudget
    private let index: Int
    private let tls: NIOSSLContext?
    private var idle: [WebhookConnection] = []
    /// Those with a request; each knows its place here.
    private var busy: [WebhookConnection] = []
    private var growth: PoolGrowth
    /// Since when the growth is watched; `nil` while it is not.
    private var watch: WorkShare?
    /// With whether each was an opening when it came: that may change while it waits.
    private var waiting: Deque<(source: any WebhookSource, isOpening: Bool)> = []
    private var isShutDown = false

    init(loop: any EventLoop, index: Int, shared: SharedRoute, route: RouteConfiguration, logger: Logger) {
        self.loop = loop
        self.index = index
        budget = shared.budget
        tls = shared.tls
        self.logger = logger
        target = route.target ?? .nowhere
        policy = route.webhook
        growth = PoolGrowth(limit: route.webhook.concurrency)
    }

    var queueDepth: Int { waiting.count }

    /// Whether one more client may wait for the answer to its opening request.
    var takesOpenings: Bool { budget.takesOpenings }

    /// Asks for a place; the source is called when there is one.
    func enqueue(_ source: any WebhookSource) {
        if waiting.isEmpty, growth.hasPlace, budget.acquire() { return dispatch(source) }
        let isOpening = source.isOpening
        if isOpening { budget.openingQueued() }
        waiting.append((source, isOpening))
        dispatchWaiting(yielding: false)
    }

    func sweep(at now: MonotonicTime) {
        for connection in busy where connection.deadline <= now { connection.timedOut() }
        while let oldest = idle.first, oldest.deadline <= now {
            idle.removeFirst()
            oldest.close()
        }
        if growth.hasGrown { watchGrowth() }
    }

    func shutDown() {
        isShutDown = true
        for connection in idle { connection.close() }
        idle = []
    }

    // MARK: Facts from connections

    /// A connection has brought an answer and can take another request.
    func released(_ connection: WebhookConnection, idleFor time: Duration) {
        freed(connection)
        // Over all loops no more are kept than may be in flight.
        guard !isShutDown, idle.count < budget.keptPerLoop || !waiting.isEmpty else { return connection.close() }
        connection.deadline = .current + min(time, Self.idleTimeout)
        idle.append(connection)
    }

    /// A connection is of no further use.
    func ended(_ connection: WebhookConnection) {
        freed(connection)
        if let place = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: place) }
    }

    /// Lets those who wait use the places that are free.
    ///
    /// - Parameter yielding: whether loops that wait are to go first when this one has its share.
    func dispatchWaiting(yielding: Bool = true) {
        while !waiting.isEmpty {
            guard growth.hasPlace else {
                watchGrowth()
                break
            }
            if yielding, budget.shouldYield(inFlight: growth.inFlight) {
                waitForWake()
                return budget.wakeOthers()
            }
            guard acquireOrWait(), let (source, isOpening) = waiting.popFirst() else { return }
            if isOpening { budget.openingLeft() }
            dispatch(source)
        }
        budget.wakeOthers()
    }

    private func acquireOrWait() -> Bool {
        if budget.acquire() { return true }
        waitForWake()
        return budget.acquire()
    }

    private func waitForWake() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        budget.wait(loop: index) { loop.execute { bound.value.dispatchWaiting(yielding: false) } }
    }

    private func freed(_ connection: WebhookConnection) {
        guard let place = connection.place else { return }
        connection.place = nil
        let last = busy.removeLast()
        if last !== connection {
            busy[place] = last
            last.place = place
        }
        growth.ended(connection.sent)
        budget.release()
    }

    /// Looks in a moment whether more requests are to be under way, or fewer.
    private func watchGrowth() {
        guard watch == nil, !isShutDown, growth.canGrow || growth.hasGrown else { return }
        watch = WorkShare()
        growth.watch()
        lookLater()
    }

    private func lookLater() {
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(PoolGrowth.interval.inNanoseconds)) { self.look() }
    }

    private func look() {
        guard let watch, !isShutDown else { return }
        growth.look(isBusy: watch.isBusy, isWanting: !waiting.isEmpty)
        self.watch = nil
        if !waiting.isEmpty { dispatchWaiting() }
    }

    /// Sends a source's request on a place that was acquired for it.
    private func dispatch(_ source: any WebhookSource) {
        guard let webhook = source.webhookRequest() else {
            budget.release()
            return budget.wakeOthers()
        }
        let deadline = MonotonicTime.current + policy.timeout
        if let connection = idle.popLast() {
            occupy(connection)
            connection.send(webhook, of: source, deadline: deadline)
        } else {
            connect(webhook, source, deadline)
        }
    }

    private func occupy(_ connection: WebhookConnection) {
        connection.place = busy.count
        connection.sent = growth.sent()
        busy.append(connection)
    }

    private func connect(_ webhook: OutgoingWebhook, _ source: any WebhookSource, _ deadline: MonotonicTime) {
        let connection = WebhookConnection(pool: self, isPlain: tls == nil, maxAnswerBytes: policy.maxAnswerBytes)
        occupy(connection)
        connection.prepare(webhook, of: source, deadline: deadline)
        let tls = tls
        let host = target.host
        let bound = NIOLoopBound(connection, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(policy.timeout.inNanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 65536))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let name = HostPort.isAddress(host) ? nil : host
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: target.host, port: target.port)
            .assumeIsolated()
            .whenFailure { connection.failed(.unreachable(Self.sentence($0))) }
    }

    /// What went wrong with a connection, in words: NIO's own description of it names types.
    static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return sentence(first.error) }
            return "the host name \(error.host) cannot be resolved"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case NIOSSLError.handshakeFailed: return "the TLS handshake failed; is the app's certificate one that is trusted? (webhook.caFile)"
        case is NIOSSLExtraError: return "the app's certificate is not for this host"
        case ChannelError.connectTimeout: return "no connection in time"
        default: return "\(error)"
        }
    }
}
