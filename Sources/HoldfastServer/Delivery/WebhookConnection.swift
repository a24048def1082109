// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import NIOSSL

/// One kept-alive connection to an app: sends a request, reads its answer, hands both back. One request at a time.
final class WebhookConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest head of an answer, in bytes.
    static let maxHeadBytes = 64 << 10

    private enum State {
        /// Being made, for a request that waits for it.
        case connecting(Job)
        case idle
        case waiting(Job)
        case ended
    }

    private struct Job {
        let source: any WebhookSource
        let webhook: OutgoingWebhook
        /// Whether the connection has carried a request before: only then may it have been closed for idleness.
        let isReused: Bool
        let startedAt: MonotonicTime
    }

    /// When the request in flight has taken too long, or the idle connection is to be closed.
    var deadline = MonotonicTime(nanoseconds: .max)

    /// Where it stands among its pool's busy ones; the pool's own.
    var place: Int?
    /// When its request was sent, for its pool's growth; the pool's own.
    var sent = PoolGrowth.Sent()

    private let pool: WebhookPool
    /// Whether there is no TLS between this and the socket.
    private let isPlain: Bool
    private var socket = StraightSocket()
    private var reader: HTTPResponseReader
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var idleTime = WebhookPool.idleTimeout
    private var knowsIdleTime = false

    init(pool: WebhookPool, isPlain: Bool, maxAnswerBytes: Int) {
        self.pool = pool
        self.isPlain = isPlain
        reader = HTTPResponseReader(maxHeadBytes: Self.maxHeadBytes, maxBodyBytes: maxAnswerBytes)
    }

    /// Takes a request to send as soon as the connection stands.
    func prepare(_ webhook: OutgoingWebhook, of source: any WebhookSource, deadline: MonotonicTime) {
        self.deadline = deadline
        state = .connecting(Job(source: source, webhook: webhook, isReused: false, startedAt: .current))
    }

    /// Sends a request on the idle connection.
    func send(_ webhook: OutgoingWebhook, of source: any WebhookSource, deadline: MonotonicTime) {
        self.deadline = deadline
        let job = Job(source: source, webhook: webhook, isReused: true, startedAt: .current)
        state = .waiting(job)
        write(job)
    }

    func close() {
        state = .ended
        context?.close(promise: nil)
    }

    /// The connection could not be made.
    func failed(_ failure: DeliveryFailure) {
        guard let job = end() else { return }
        finish(job, failing: failure)
    }

    func timedOut() {
        guard let job = end() else { return }
        // A connection that does not come about in time means that the app was not reached.
        let failure: DeliveryFailure = context == nil ? .unreachable("no connection in time") : .timeout(pool.policy.timeout)
        context?.close(promise: nil)
        finish(job, failing: failure)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if case .ended = state { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        guard case .connecting(let job) = state else { return context.close(promise: nil) }
        state = .waiting(job)
        write(job)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard case .waiting(let job) = state else {
            // Nobody asked: whatever this is, it is not the answer to the next request.
            pool.ended(self)
            return close()
        }
        do throws(HTTPResponseError) {
            guard let response = try reader.next(from: &bytes) else { return }
            let isReusable = response.keepsAlive && bytes.readableBytes == 0
            answered(job, response, isReusable: isReusable)
        } catch {
            _ = end()
            context.close(promise: nil)
            finish(job, failing: .interrupted(error.description))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard case .waiting(let job) = state else {
            if case .idle = state { pool.ended(self) }
            if case .connecting(let job) = state {
                _ = end()
                finish(job, failing: .unreachable("the connection was closed as it was made"))
            }
            state = .ended
            return
        }
        do throws(HTTPResponseError) {
            if let response = try reader.endOfStream() { return answered(job, response, isReusable: false) }
            let isStale = job.isReused && job.webhook.isRepeatable
            _ = end()
            finish(job, failing: isStale ? .stale : .interrupted("the app closed the connection without an answer"))
        } catch {
            _ = end()
            finish(job, failing: .interrupted(error.description))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .connecting(let job):
            _ = end()
            finish(job, failing: .unreachable(WebhookPool.sentence(error)))
        case .waiting(let job):
            let isStale = job.isReused && job.webhook.isRepeatable && reader.isIdle
            _ = end()
            finish(
                job,
                failing: isStale
                    ? .stale : error.isHandshakeFailure ? .unreachable(WebhookPool.sentence(error)) : .interrupted(WebhookPool.sentence(error)))
        case .idle: pool.ended(self)
        case .ended: break
        }
        state = .ended
        context.close(promise: nil)
    }

    // MARK: Inside

    private func write(_ job: Job) {
        guard let context else { return failed(.interrupted("the connection is gone")) }
        if isPlain { socket.write(job.webhook.bytes, context) } else { context.writeAndFlush(wrapOutboundOut(job.webhook.bytes), promise: nil) }
    }

    private func answered(_ job: Job, _ response: HTTPResponseMessage, isReusable: Bool) {
        pool.route.counters.webhookSeconds.record(MonotonicTime.current.since(job.startedAt).inSeconds)
        if isReusable {
            learnIdleTime(response)
            state = .idle
            pool.released(self, idleFor: idleTime)
        } else {
            state = .ended
            pool.ended(self)
            context?.close(promise: nil)
        }
        job.source.webhookAnswered(response)
        pool.dispatchWaiting()
    }

    /// Ends the use of this connection.
    ///
    /// - Returns: the request that was in flight.
    private func end() -> Job? {
        defer { state = .ended }
        switch state {
        case .connecting(let job), .waiting(let job):
            pool.ended(self)
            return job
        case .idle, .ended: return nil
        }
    }

    private func finish(_ job: Job, failing failure: DeliveryFailure) {
        job.source.webhookFailed(failure)
        pool.dispatchWaiting()
    }

    /// An app that tells how long it keeps an idle connection (`Keep-Alive: timeout=5`) is believed, so that no request meets a closing one.
    private func learnIdleTime(_ response: HTTPResponseMessage) {
        guard !knowsIdleTime else { return }
        knowsIdleTime = true
        guard let value = response.head.first("keep-alive"), let mark = value.firstRange(of: "timeout="),
            let seconds = Int(value[mark.upperBound...].prefix { $0.isNumber }), seconds > 0
        else { return }
        idleTime = min(WebhookPool.idleTimeout, .milliseconds(max(seconds * 1000 - 1000, seconds * 500)))
    }
}

extension Error {
    /// Whether TLS could not be agreed on: the request has not been sent then.
    fileprivate var isHandshakeFailure: Bool {
        if let error = self as? NIOSSLError, case .handshakeFailed = error { return true }
        return self is NIOSSLExtraError
    }
}
