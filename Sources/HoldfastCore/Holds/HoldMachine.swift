// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The life of one request that an app has given instructions for.
///
/// Give it what happens and carry out the orders that come back, in order, on the event loop where publications arrive. After each call look at
/// ``deadline``, and call ``deadlinePassed(at:)`` when it has come.
///
/// What an app may rely on is kept by publications' ids: where a channel has a previous id, a publication that does not follow it is not
/// delivered, but what is missing is asked of the app: by the request itself in response mode, by the next link in a stream.
package struct HoldMachine: Sendable {
    /// Publications that wait while the response cannot take them; later ones are lost.
    package static let maxWaiting = 100
    /// How often a next link is tried again before the response ends.
    package static let maxRetries = 5

    package enum State: Equatable, Sendable {
        /// Nothing has come from the app.
        case new  // -> waiting, asking, receiving, streaming, fetching, over
        /// The response is held.
        case waiting  // -> asking, over
        /// The request was made again.
        case asking  // -> waiting, asking, receiving, streaming, fetching, over
        /// A body passes to the client: the first response's, or a link's.
        case receiving  // -> streaming, fetching, retrying, over
        /// The response has begun and is held open.
        case streaming  // -> fetching, over
        /// The next link was asked and has not answered.
        case fetching  // -> receiving, streaming, fetching, retrying, over
        /// The next link is asked again at that time.
        case retrying(at: MonotonicTime)  // -> fetching, over
        case over
    }

    package internal(set) var state = State.new
    let requestURI: HoldURI
    let implicitChannels: [ChannelName]
    let debug: Bool
    let jitter: Double
    let maxContentBytes: Int

    /// The instruction in force. Its response is kept in response mode only.
    var instruction = HoldInstruction(mode: .none)
    /// What the request is on by instructions, besides the implicit channels.
    var channels: [HoldInstruction.Channel] = []
    /// Whether the implicit channels are subscribed to.
    var hasImplicitChannels = false
    /// The link that is to come next, and what replaces it once that one has answered.
    var nextURI: HoldURI?
    var laterURI: HoldURI?
    /// By the answer to the request itself, not by a link's: so each request can have its own while they share links.
    var goneURI: HoldURI?
    /// What waits while the response cannot take it.
    var waiting: [Publication] = []
    /// Whether some were lost since it last could.
    var isLosing = false
    /// Whether the head is out.
    var hasBegun = false
    /// Whether the body on its way is a link's.
    var isLink = false
    /// Whether the client got any of that body.
    var hasReceived = false
    /// Whether the next link is to be fetched as soon as the body is complete, for publications were missed.
    var isBehind = false
    var retries = 0
    var isWritable = true
    /// Whether the response ends where it would be held open.
    var isStopping = false
    /// Channels with news since the time for the next link began to run.
    var activeChannels: Set<ChannelName> = []
    var timeoutAt: MonotonicTime?
    var keepAliveAt: MonotonicTime?
    var linkAt: MonotonicTime?

    /// - Parameters:
    ///   - uri: the request's own, as the client sees it: links are relative to it.
    ///   - implicitChannels: channels that every request of the route is on while it is held.
    ///   - debug: whether the client is told of errors.
    ///   - jitter: a random number from 0 up to 1, so that many holds do not act together.
    ///   - maxContentBytes: a publication that filters make longer is dropped.
    package init(uri: HoldURI, implicitChannels: [ChannelName] = [], debug: Bool = false, jitter: Double, maxContentBytes: Int = 1 << 20) {
        requestURI = uri
        self.implicitChannels = implicitChannels
        self.debug = debug
        self.jitter = jitter
        self.maxContentBytes = maxContentBytes
    }

    /// Whether the request is over: the machine gives no more orders.
    package var isOver: Bool { state == .over }

    /// When ``deadlinePassed(at:)`` is to be called; `nil` for never.
    package var deadline: MonotonicTime? {
        switch state {
        case .waiting: timeoutAt
        case .streaming: isWritable ? [keepAliveAt, linkAt].compactMap(\.self).min() : nil
        case .receiving, .fetching: isWritable ? keepAliveAt : nil
        case .retrying(let at): isWritable ? min(at, keepAliveAt ?? at) : at
        case .new, .asking, .over: nil
        }
    }

    // MARK: The app

    /// The app has answered the request, the first time or after ``HoldOrder/requestAgain(_:)``, with an instruction.
    ///
    /// - Parameters:
    ///   - bodyFollows: whether the response's body is yet to come, by ``bodyReceived(_:at:)`` and ``bodyEnded(at:)``; never where
    ///     ``HoldInstruction/needsWholeBody``.
    ///   - lastID: the id of the channel's last publication, where it is known.
    package mutating func begin(
        _ instruction: HoldInstruction, bodyFollows: Bool, at now: MonotonicTime, lastID: (ChannelName) -> String?
    ) -> [HoldOrder] {
        guard state == .new || state == .asking else { return [] }
        self.instruction = instruction
        nextURI = instruction.nextLink.flatMap { requestURI.resolving($0.uri) }
        goneURI = instruction.goneLink.flatMap { requestURI.resolving($0) } ?? goneURI
        switch instruction.mode {
        case .response: return hold(at: now, lastID: lastID)
        case .stream, .none: return startStream(bodyFollows: bodyFollows, at: now, lastID: lastID)
        }
    }

    private mutating func hold(at now: MonotonicTime, lastID: (ChannelName) -> String?) -> [HoldOrder] {
        var orders = change(to: instruction.channels)
        let outdated = conflicts(lastID)
        guard outdated.isEmpty else {
            waiting = []
            return orders + outdated.map { .forget($0) } + askAgain()
        }
        guard !isStopping else { return orders + finish(with: [.respond(instruction.response)]) }
        state = .waiting
        timeoutAt = now + instruction.timeout
        skipOutdated()
        orders += deliverWaiting(at: now)
        return orders
    }

    private mutating func startStream(bodyFollows: Bool, at now: MonotonicTime, lastID: (ChannelName) -> String?) -> [HoldOrder] {
        var head = instruction.response
        var body = head.body
        head.body = ByteBuffer()
        instruction.response = HeldResponse()
        do throws(HoldInstructionError) {
            body = try filtered(body)
        } catch {
            return fail(error.description)
        }
        // From now on, so that nothing is missed while the body passes; what comes waits for its end.
        var orders = instruction.mode == .stream ? change(to: instruction.channels) : []
        let outdated = conflicts(lastID)
        isBehind = !outdated.isEmpty
        orders += outdated.map { .forget($0) }
        orders.append(.begin(head))
        hasBegun = true
        isLink = false
        return orders + receive(body, bodyFollows: bodyFollows, at: now)
    }

    /// The answer after ``HoldOrder/requestAgain(_:)`` was no instruction, or there was none: the client gets what it is, and the hold is over.
    package mutating func passedOn() -> [HoldOrder] { state == .asking ? finish() : [] }

    /// The link that ``HoldOrder/fetch(_:_:)`` ordered has answered.
    ///
    /// - Parameters:
    ///   - instruction: `nil` for an ordinary response.
    ///   - bodyFollows: as in ``begin(_:bodyFollows:at:lastID:)``.
    ///   - jitter: a random number from 0 up to 1.
    package mutating func linkAnswered(
        status: Int, _ instruction: HoldInstruction?, bodyFollows: Bool, at now: MonotonicTime, jitter: Double
    ) -> [HoldOrder] {
        guard state == .fetching else { return [] }
        let drop: [HoldOrder] = bodyFollows ? [.cancel] : []
        guard (200..<300).contains(status) else { return drop + fetchFailed("the next link answered \(status)", at: now, jitter: jitter) }
        let instruction = instruction ?? HoldInstruction(mode: .none)
        guard instruction.mode != .response else {
            return drop + fail("the next link asks for a hold in response mode; accepted: stream, or no hold")
        }
        self.instruction = instruction
        self.instruction.response = HeldResponse()
        laterURI = instruction.nextLink.flatMap { nextURI?.resolving($0.uri) }
        isBehind = false
        do throws(HoldInstructionError) {
            let body = try filtered(instruction.response.body)
            let orders = instruction.mode == .stream ? change(to: instruction.channels) : []
            isLink = true
            return orders + receive(body, bodyFollows: bodyFollows, at: now)
        } catch {
            return drop + fail(error.description)
        }
    }

    /// A piece of the body of the first response or of a link's.
    package mutating func bodyReceived(_ bytes: ByteBuffer, at now: MonotonicTime) -> [HoldOrder] {
        guard state == .receiving, bytes.readableBytes > 0 else { return [] }
        hasReceived = true
        keepAliveAt = nil
        return [.write(bytes)]
    }

    /// The body is complete.
    package mutating func bodyEnded(at now: MonotonicTime) -> [HoldOrder] {
        guard state == .receiving else { return [] }
        retries = 0
        let wasEmptyLink = isLink && !hasReceived
        if isLink { nextURI = laterURI }
        isLink = false
        guard nextURI != nil || instruction.mode == .stream else { return finish(with: [.end]) }
        guard !isStopping else { return finish(with: [instruction.mode == .stream ? .end : .breakOff]) }
        if instruction.mode == .none {
            // A chain of empty answers would be followed without a pause.
            guard !wasEmptyLink else { return retry(at: now + .seconds(1 + jitter)) }
            return fetch()
        }
        guard !isBehind || nextURI == nil else { return fetch() }
        state = .streaming
        if keepAliveAt == nil || instruction.keepAlive == nil { startKeepAlive(at: now) }
        startLinkTimer(at: now)
        skipOutdated()
        return deliverWaiting(at: now)
    }

    /// The link, or the body on its way, failed: the app cannot be reached, or broke off.
    ///
    /// - Parameter jitter: a random number from 0 up to 1.
    package mutating func fetchFailed(_ why: String, at now: MonotonicTime, jitter: Double) -> [HoldOrder] {
        switch state {
        case .asking: return fail(why)
        case .receiving where !isLink || hasReceived: return fail(why)
        case .receiving, .fetching:
            guard !isStopping, retries < Self.maxRetries else { return fail("the next link cannot be fetched: \(why)") }
            let delay = Duration.seconds(1 << retries) + .seconds(jitter)
            retries += 1
            return [.report(why)] + retry(at: now + delay)
        case .new, .waiting, .streaming, .retrying, .over: return []
        }
    }

    /// The answer to a fetch or to a repeated request is an instruction that cannot be understood, or a body that is too large.
    package mutating func misunderstood(_ error: HoldInstructionError) -> [HoldOrder] {
        switch state {
        case .asking, .fetching, .receiving: fail(error.description)
        case .new, .waiting, .streaming, .retrying, .over: []
        }
    }

    // MARK: Time

    /// - Parameter now: may be earlier than ``deadline``: then nothing is due.
    package mutating func deadlinePassed(at now: MonotonicTime) -> [HoldOrder] {
        func isDue(_ time: MonotonicTime?) -> Bool { time.map { $0 <= now } ?? false }
        switch state {
        case .waiting: return isDue(timeoutAt) ? finish(with: [.respond(instruction.response)]) : []
        case .streaming, .receiving, .fetching, .retrying:
            var orders: [HoldOrder] = []
            if isWritable, isDue(keepAliveAt) {
                if let content = instruction.keepAlive?.content { orders.append(.write(content)) }
                startKeepAlive(at: now)
            }
            if state == .streaming, isWritable, isDue(linkAt) { orders += fetch() }
            if case .retrying(let at) = state, isDue(at) { orders += fetch() }
            return orders
        case .new, .asking, .over: return []
        }
    }

    // MARK: The client and the gateway

    /// The client's connection takes more (`true`) or is full for now (`false`). It takes more to begin with.
    package mutating func writabilityChanged(_ isWritable: Bool, at now: MonotonicTime) -> [HoldOrder] {
        guard self.isWritable != isWritable else { return [] }
        self.isWritable = isWritable
        guard isWritable, state == .streaming else { return [] }
        startKeepAlive(at: now)
        startLinkTimer(at: now)
        return deliverWaiting(at: now)
    }

    /// The client has left.
    package mutating func clientGone() -> [HoldOrder] {
        switch state {
        case .over: return []
        case .asking, .fetching, .receiving: return [.cancel] + finish()
        case .new, .waiting, .streaming, .retrying: return finish()
        }
    }

    /// The gateway stops: what is held goes out now. A body on its way may go on to its end.
    package mutating func shutdown() -> [HoldOrder] {
        isStopping = true
        switch state {
        case .waiting: return finish(with: [.respond(instruction.response)])
        case .asking: return [.cancel] + finish(with: [.respond(instruction.response)])
        case .streaming: return finish(with: [.end])
        case .fetching: return [.cancel] + finish(with: [instruction.mode == .stream ? .end : .breakOff])
        case .retrying: return finish(with: [instruction.mode == .stream ? .end : .breakOff])
        case .new, .receiving, .over: return []
        }
    }
}
