// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Stands in front of the router on each control connection, and serves there the requests that programs make by the thousand (``QuickRoutes``): on
/// the connection's own loop, in the turn in which they come, without a task.
///
/// Everything else goes to the router byte for byte. A request in plain HTTP is passed on by itself, and the next one waits here until the router
/// has answered; from the first that is not plain (``PlainRequestHead``) the connection is the router's for good. So answers are in the order of
/// requests, and there is one parser for what is rare or wrong.
///
/// A publication to nobody costs 12 µs of CPU here, most of it the kernel's, and 44 µs on the router's way.
final class ControlFront: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Between requests, or in a head.
        case reading
        /// A quick request's head has come; it has `count` bytes in all.
        case body(QuickRoutes.Request, head: Int, count: Int)
        /// The router has a request, of which so many bytes are still to come; then its answer is awaited.
        case routing(left: Int)
        case handedOver
    }

    /// Requests that may be under way on other loops before no more are taken.
    private static let mostWaiting = 256
    /// Bytes of memory that are kept for the answers to come.
    private static let mostKept = 1 << 10

    private let routes: QuickRoutes
    private let shard: HubShard
    private var context: ChannelHandlerContext?
    private var state = State.reading
    private var memory = ControlMemory()
    /// What has come and is not dealt with.
    private var input = ByteBuffer()
    /// Answers of this turn.
    private var output = ByteBuffer()
    private var row = AnswerRow()
    private var errands = Errands()
    /// Whether the router was given something that it has not been told to look at.
    private var hasFedRouter = false
    private var hasAnswered = false
    private var wantsRead = false
    private var isGoingOn = false
    private var isInputClosed = false
    private var isQuiescing = false

    // What the router is at.
    private var routerRequests = 0
    private var isRouterReading = false

    private var patience: RequestPatience
    private var idleCheck: Scheduled<Void>?

    init(routes: QuickRoutes, shard: HubShard, patience: Duration) {
        self.routes = routes
        self.shard = shard
        self.patience = RequestPatience(limit: patience, at: shard.now)
    }

    // MARK: What the client does

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { checkIdle(in: patience.limit) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleCheck?.cancel()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        checkIdle(in: patience.limit)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .handedOver = state { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        let isFresh = input.readableBytes == 0
        if isFresh { input = bytes } else { input.writeBuffer(&bytes) }
        workOff()
        // What stays is kept in bytes of its own: the buffer is the channel's, which would have to make another.
        if isFresh, input.readableBytes > 0 { input = ByteBuffer(bytes: input.readableBytesView) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .handedOver = state, !hasFedRouter { return context.fireChannelReadComplete() }
        endTurn()
    }

    func channelInactive(context: ChannelHandlerContext) {
        idleCheck?.cancel()
        idleCheck = nil
        input = ByteBuffer()
        row = AnswerRow()
        state = .handedOver
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        if context.channel.isWritable { goOnSoon() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isInputClosed = true
            settle()
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            settle()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Who asks and does not read the answers is not read either, nor is what comes behind a request that takes its time.
    func read(context: ChannelHandlerContext) {
        if isBlocked { wantsRead = true } else { context.read() }
    }

    private var isBlocked: Bool {
        switch state {
        case .handedOver: false
        case .routing(left: 0): input.readableBytes > 0
        case .routing: false
        case .reading, .body: row.count >= Self.mostWaiting || !(context?.channel.isWritable ?? true)
        }
    }

    // MARK: What the router does

    enum RouterPart {
        case head, body, end
    }

    func routerRead(_ part: RouterPart) {
        patience.heard(at: shard.now)
        switch part {
        case .head:
            isRouterReading = true
            routerRequests += 1
        case .body: break
        case .end: isRouterReading = false
        }
    }

    func routerAnswered() {
        routerRequests -= 1
        patience.heard(at: shard.now)
        guard case .routing(left: 0) = state else { return }
        state = .reading
        goOnSoon()
    }

    // MARK: Requests

    /// Deals with what has come, as far as that is possible now.
    private func workOff() {
        guard context != nil else { return }
        while step() {}
        if input.readableBytes == 0 { input = ByteBuffer() } else { input.discardReadBytes() }
    }

    /// - Returns: whether there may be more to do.
    private func step() -> Bool {
        switch state {
        case .handedOver: return false
        case .reading:
            guard input.readableBytes > 0, row.count < Self.mostWaiting else { return false }
            return readHead()
        case .body(let request, let head, let count):
            guard input.readableBytes >= count else { return false }
            return serve(request, head: head, count: count)
        case .routing(let left):
            let count = min(left, input.readableBytes)
            guard count > 0, let part = input.readSlice(length: count) else { return false }
            state = .routing(left: left - count)
            feed(part)
            // It may have said no before all had come.
            if left == count, routerRequests == 0, !isRouterReading { state = .reading }
            return true
        }
    }

    private func readHead() -> Bool {
        let (reading, request) = input.withUnsafeReadableBytes { bytes -> (PlainRequestHead.Reading, QuickRoutes.Request?) in
            let reading = PlainRequestHead.read(bytes)
            guard case .head(let head) = reading else { return (reading, nil) }
            return (reading, routes.request(head, bytes, &memory, at: shard.now))
        }
        switch reading {
        case .incomplete: return false
        case .other:
            // The answers before it go first.
            guard row.isEmpty else { return false }
            handOver()
            return false
        case .head(let head):
            let count = head.count + head.contentLength
            guard let request else { return route(count) }
            patience.heard(at: shard.now)
            if input.readableBytes >= count { return serve(request, head: head.count, count: count) }
            state = .body(request, head: head.count, count: count)
            return false
        }
    }

    /// Does what a quick request asks for, all of which is there.
    private func serve(_ request: QuickRoutes.Request, head: Int, count: Int) -> Bool {
        guard let body = input.getSlice(at: input.readerIndex + head, length: count - head) else { preconditionFailure("all of it is there") }
        guard let order = routes.order(request, body) else { return route(count) }
        input.moveReaderIndex(forwardBy: count)
        state = .reading
        carryOut(order)
        return true
    }

    private func carryOut(_ order: QuickRoutes.Order) {
        patience.heard(at: shard.now)
        switch order {
        case .reply: return answer(routes.answer(order, []))
        case .publish(let publication):
            if let result = routes.hub.performAtOnce(.publish(publication), on: shard) { return answer(routes.answer(order, [result])) }
            begin([.publish(publication)], order)
        case .send(let payload, let id):
            if let result = routes.hub.performAtOnce(.send(payload, to: id), on: shard) { return answer(routes.answer(order, [result])) }
            begin([.send(payload, to: id)], order)
        case .actions(let actions), .command(_, let actions): begin(actions, order)
        }
    }

    private func begin(_ actions: [Action], _ order: QuickRoutes.Order) {
        switch routes.hub.begin(actions, on: shard, &errands) {
        case .done(let results): answer(routes.answer(order, results))
        case .waiting(let waiting):
            let place = row.append()
            waiting.done = { results in
                place.answer = self.routes.answer(order, results)
                self.patience.heard(at: self.shard.now)
                self.goOnSoon()
            }
        }
    }

    private func answer(_ answer: ControlAnswer) {
        if row.isEmpty { write(answer) } else { row.append().answer = answer }
    }

    private func write(_ answer: ControlAnswer) {
        hasAnswered = true
        answer.write(into: &output, rest: memory.endOfHead(at: shard.now))
    }

    // MARK: The router

    /// Gives the router the next request.
    ///
    /// - Parameter count: its bytes.
    private func route(_ count: Int) -> Bool {
        guard row.isEmpty else { return false }
        flush()
        state = .routing(left: count)
        return true
    }

    private func feed(_ bytes: ByteBuffer) {
        hasFedRouter = true
        context?.fireChannelRead(wrapInboundOut(bytes))
    }

    private func handOver() {
        flush()
        state = .handedOver
        let rest = input
        input = ByteBuffer()
        if rest.readableBytes > 0 { feed(rest) }
    }

    // MARK: The end of a turn

    private func endTurn() {
        errands.send(by: routes.hub, from: shard.loop)
        flush()
        if hasFedRouter {
            hasFedRouter = false
            context?.fireChannelReadComplete()
        }
        settle()
    }

    private func flush() {
        guard hasAnswered, let context else { return }
        hasAnswered = false
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        // Mostly it is written by now, and its memory can be used again.
        if output.capacity <= Self.mostKept { output.clear() } else { output = ByteBuffer() }
    }

    /// Goes on when whoever calls has returned: in the middle of their work is no place for the next request.
    private func goOnSoon() {
        guard !isGoingOn else { return }
        isGoingOn = true
        shard.loop.assumeIsolated().execute {
            self.isGoingOn = false
            self.goOn()
        }
    }

    private func goOn() {
        guard let context else { return }
        while let answer = row.next() { write(answer) }
        workOff()
        endTurn()
        if wantsRead, !isBlocked {
            wantsRead = false
            context.read()
        }
    }

    /// Lets the router know of what concerns the whole connection, once there is nothing left here.
    private func settle() {
        guard isInputClosed || isQuiescing, row.isEmpty, let context else { return }
        switch state {
        case .routing(left: 0) where input.readableBytes > 0: return
        case .body where isQuiescing && !isInputClosed: return
        // No more will come: the rest is the router's to judge.
        case .reading where isInputClosed, .body where isInputClosed: handOver()
        case .reading, .body, .routing, .handedOver: break
        }
        if hasFedRouter {
            hasFedRouter = false
            context.fireChannelReadComplete()
        }
        if isInputClosed {
            isInputClosed = false
            // The router may close the connection then, so the answers must be out.
            let out = context.eventLoop.makePromise(of: Void.self)
            out.futureResult.assumeIsolated().whenComplete { _ in self.context?.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: out)
        }
        if isQuiescing {
            isQuiescing = false
            context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    // MARK: Idle connections

    private func checkIdle(in delay: Duration) {
        guard idleCheck == nil else { return }
        idleCheck = shard.loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.inNanoseconds)) {
            self.idleCheck = nil
            self.judgeIdle()
        }
    }

    /// A client that says nothing, or does not go on with its request, is closed; one that waits for an answer is not.
    private func judgeIdle() {
        guard let context, context.channel.isActive else { return }
        let isBodyAwaited = if case .body = state { true } else { false }
        let isAnswerAwaited = !row.isEmpty || routerRequests > 0
        switch patience.order(isReading: isRouterReading || isBodyAwaited, isAnswering: isAnswerAwaited, at: .current) {
        case .giveUp: context.close(promise: nil)
        case .askAgain(let delay): checkIdle(in: delay)
        }
    }
}
