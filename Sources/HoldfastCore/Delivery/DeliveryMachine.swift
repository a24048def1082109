// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// The ordered queue of one connection's events on their way to the app: numbers them, batches them, retries them, and pushes back when it is full.
///
/// One request is in flight at a time. Events leave the queue only when the app has answered, so a retry sends the same batch again.
/// After the closing event nothing more is taken, and the machine lives until that one is delivered or given up.
package struct DeliveryMachine: Sendable {
    private enum State: Equatable, Sendable {
        case idle  // -> inFlight
        case inFlight(count: Int, attempt: Int)  // -> idle, waiting, finished
        case waiting(count: Int, attempt: Int)  // -> inFlight
        case finished
    }

    /// Whether the opening event asks the app for leave; that of a connection that we dialled is news as any other.
    private let asksLeave: Bool
    private var queue: Deque<SequencedEvent> = []
    private var queuedBytes = 0
    /// The batch in flight: the head of the queue, which stays as it is meanwhile.
    private var batch: [SequencedEvent]?
    private var lastSeq: Int
    private var state = State.idle {
        didSet {
            if case .inFlight = state { return }
            batch = nil
        }
    }
    /// Whether the socket is left unread; until half of the room is free again.
    private var isFull = false
    /// Whether there is no room at all.
    private var isStuffed = false
    /// Events at the head of the queue that were offered to the app and not taken: they go again with the next one.
    package private(set) var offered = 0
    /// How often an app that is there has failed on the batch at the head of the queue, in a row.
    private var errors = 0
    /// When the closing event came; from then on its budget runs.
    private var endedAt: MonotonicTime?

    /// - Parameters:
    ///   - asksLeave: whether the opening event asks the app for leave.
    ///   - seq: the number of the first event.
    package init(asksLeave: Bool = true, startingAt seq: Int = 1) {
        self.asksLeave = asksLeave
        lastSeq = seq - 1
    }

    package var isIdle: Bool { state == .idle && queue.isEmpty }
    package var isFinished: Bool { state == .finished }
    package var depth: Int { queue.count }
    package var batchInFlight: [SequencedEvent]? { batch }

    /// An event happened that the app wants to hear of; it gets the next number.
    ///
    /// An event is taken even when it passes the limits: it is out of the socket already. The answer tells to read no further.
    package mutating func occurred(_ event: Event, at now: MonotonicTime, limits: ConnectionLimits) -> Intake {
        guard endedAt == nil, state != .finished else { return .gone }
        if event == .refresh, isRefreshQueued { return .taken }
        lastSeq += 1
        queue.append(SequencedEvent(seq: lastSeq, event: event))
        queuedBytes += event.weight
        if case .end = event { endedAt = now }
        if queue.count >= limits.queueEvents || queuedBytes >= limits.queueBytes {
            isFull = true
            isStuffed = true
            return .takenNowFull
        }
        return .taken
    }

    /// The connection ended and the app does not want to hear of it: what is queued is still delivered, then the machine is finished.
    package mutating func endedUnheard(at now: MonotonicTime) -> Bool {
        endedAt = endedAt ?? now
        resumeAfterEnd()
        if isIdle { state = .finished }
        return isFinished
    }

    /// Whether a new batch can be sent: events wait, and nothing is in flight or waits to be repeated.
    ///
    /// What was offered and not taken goes again with news; at once where there can be none: the queue is full, or the connection has ended.
    package var hasBatch: Bool { state == .idle && (queue.count > offered || (offered > 0 && (isFull || endedAt != nil))) }

    /// Content bytes at the head of the queue that were offered before.
    package var replayedBytes: Int { queue.prefix(offered).reduce(0) { $0 + $1.event.weight } }

    /// Whether a call without news waits already, and is not on its way.
    private var isRefreshQueued: Bool {
        let underWay: Int
        switch state {
        case .inFlight(let count, _), .waiting(let count, _): underWay = count
        case .idle, .finished: underWay = 0
        }
        return queue.count > underWay && queue.last?.event == .refresh
    }

    /// The batch to send now: a new one, or the last one again after a verdict to repeat it.
    ///
    /// A new batch is the opening event alone; otherwise all that waits, or one event where `batches` is false.
    package mutating func next(batches: Bool) -> [SequencedEvent]? {
        switch state {
        case .idle:
            guard let first = queue.first else { return nil }
            var count = batches ? queue.count : 1
            if case .open = first.event { count = 1 }
            state = .inFlight(count: count, attempt: 1)
        case .waiting(let count, let attempt) where count > 0: state = .inFlight(count: count, attempt: attempt + 1)
        case .inFlight: break
        case .waiting, .finished: return nil
        }
        if batch == nil, case .inFlight(let count, _) = state { batch = Array(queue.prefix(count)) }
        return batch
    }

    /// Whether the app can have taken so many content bytes of the batch in flight, and whether it goes on then.
    package func canTake(_ taken: Int) -> Bool {
        guard case .inFlight(let count, _) = state else { return true }
        let weight = queue.prefix(count).reduce(0) { $0 + $1.event.weight }
        let canGoOn = taken > 0 || weight == 0 || !isStuffed || queue.count > count
        return taken >= 0 && taken <= weight && canGoOn
    }

    /// The app answered, and its answer will be carried out.
    package mutating func answered(limits: ConnectionLimits) -> Progress {
        guard case .inFlight(let count, _) = state else { return Progress(relieved: false, isFinished: isFinished) }
        removeFirst(count)
        return settle(limits: limits)
    }

    /// The app answered, and took a part of the batch. The rest is offered again as soon as there is news.
    ///
    /// - Parameters:
    ///   - taken: how many content bytes, as ``canTake(_:)`` allows.
    ///   - jitter: a random number from 0 up to 1, for the delay where there will be no news.
    package mutating func answered(taken: Int, at now: MonotonicTime, rules: RetryRules, limits: ConnectionLimits, jitter: Double) -> Progress {
        guard case .inFlight(let count, let attempt) = state else { return Progress(relieved: false, isFinished: isFinished) }
        let left = withoutRefresh(count - removeFirst(count, taking: taken))
        var progress = settle(limits: limits)
        guard left > 0 else { return progress }
        // The app waits for more than it was offered, and there is room for it.
        if taken == 0, isFull, !isStuffed {
            isFull = false
            progress = Progress(relieved: true, isFinished: progress.isFinished)
        }
        offered = left
        guard let endedAt else { return progress }
        let delay = RetrySchedule.delay(after: attempt, jitter: jitter)
        guard (now + delay).since(endedAt) <= rules.policy.closeBudget else {
            removeFirst(queue.count)
            state = .finished
            return Progress(relieved: progress.relieved, isFinished: true)
        }
        state = .waiting(count: queue.count, attempt: attempt)
        return Progress(relieved: progress.relieved, isFinished: false, again: delay)
    }

    /// Whether the app is to be asked again about the opening event.
    package var isPostponed: Bool { if case .waiting(1, 0) = state { true } else { false } }

    /// The app has not made up its mind about the opening event: it is to be sent again later.
    package mutating func postponed() {
        guard case .inFlight(let count, _) = state else { return }
        state = .waiting(count: count, attempt: 0)
    }

    /// The attempt failed.
    ///
    /// - Parameter jitter: a random number from 0 up to 1, for the delay.
    package mutating func failed(
        _ failure: DeliveryFailure, at now: MonotonicTime, rules: RetryRules, limits: ConnectionLimits, jitter: Double
    ) -> Verdict {
        guard case .inFlight(let count, let attempt) = state else { return .drop(Progress(relieved: false, isFinished: isFinished), lost: 0) }
        // Told only of requests that the dialect or HTTP itself allows to repeat.
        if failure == .stale { return .retryNow }
        let hasEnding = queue.prefix(count).contains { if case .end = $0.event { true } else { false } }
        // To hear of an end twice does no harm, not to hear of it does.
        let mayRepeat = failure.isTransient && (rules.isRepeatable || hasEnding || !failure.mayHaveBeenProcessed)
        let delay = RetrySchedule.delay(after: attempt, jitter: jitter)

        errors = failure.isAbsence ? 0 : errors + 1
        let mayRetry = rules.policy.retries == WebhookPolicy.unlimited ? errors <= WebhookPolicy.maxErrors : attempt <= rules.policy.retries

        if let endedAt {
            let isWorthIt = mayRetry || !failure.mayHaveBeenProcessed || (hasEnding && count == 1)
            if mayRepeat, isWorthIt, (now + delay).since(endedAt) <= rules.policy.closeBudget { return wait(count, attempt, delay) }
            let isWhole = rules.isAbandonedWhole && rules.policy.onFailure == .close && !hasEnding
            return giveUpAfterEnd(isWhole ? countBeforeEnding : count, failure, hasEnding: hasEnding, limits: limits)
        }
        if mayRepeat, mayRetry { return wait(count, attempt, delay) }
        if asksLeave, case .open = queue.first?.event {
            removeFirst(queue.count)
            isFull = false
            state = failure.mayHaveBeenAccepted ? .idle : .finished
            return failure.mayHaveBeenAccepted ? .refuseAndTell : .refuse
        }
        // Whoever asked may ask again, or not; it keeps nobody from going on.
        if queue.first?.event.isQuestion == true {
            removeFirst(count)
            return .drop(settle(limits: limits), lost: count)
        }
        // Undelivered for certain: the app still gets it, in order, in front of the closing event. Everything else is given up here, for one
        // request that always fails must not keep the app from learning the end.
        let isWhole = rules.isAbandonedWhole && rules.policy.onFailure == .close
        let keeps = rules.policy.onFailure == .close && !failure.mayHaveBeenProcessed && !isWhole
        let lost = keeps ? 0 : isWhole ? queue.count : count
        removeFirst(lost)
        switch rules.policy.onFailure {
        case .close:
            state = .waiting(count: 0, attempt: 0)
            return .close(lost: lost)
        case .drop:
            return .drop(settle(limits: limits), lost: lost)
        }
    }

    /// The app has heard of the end from another node: it is sent nothing more, and what it answers to the batch in flight is not waited for.
    package mutating func silence() {
        removeFirst(queue.count)
        isFull = false
        isStuffed = false
        state = .finished
    }

    /// After ``Verdict/close(lost:)`` nothing is sent until the connection's end is known; then this lets the rest go.
    package mutating func resumeAfterEnd() {
        if case .waiting(0, 0) = state { state = .idle }
    }

    /// Nobody can be closed any more; what is given up makes way for the closing event, which goes alone if it must.
    private mutating func giveUpAfterEnd(_ count: Int, _ failure: DeliveryFailure, hasEnding: Bool, limits: ConnectionLimits) -> Verdict {
        if hasEnding, count == 1 || !failure.isTransient {
            state = .finished
            queue = []
            // An answer that is no use is still an answer: the app has heard.
            return .abandon(lost: failure.isTransient ? count : 0)
        }
        let lost = hasEnding ? count - 1 : count
        removeFirst(lost)
        return .drop(settle(limits: limits), lost: lost)
    }

    /// Events in front of the closing event, or all where there is none.
    private var countBeforeEnding: Int { if case .end = queue.last?.event { queue.count - 1 } else { queue.count } }

    private mutating func wait(_ count: Int, _ attempt: Int, _ delay: Duration) -> Verdict {
        state = .waiting(count: count, attempt: attempt)
        return .retry(after: delay)
    }

    /// Takes calls without news out of what is left of a batch: they were made.
    ///
    /// - Returns: how many events are left then.
    private mutating func withoutRefresh(_ count: Int) -> Int {
        let kept = queue.prefix(count).filter { $0.event != .refresh }
        guard kept.count < count else { return count }
        queue.replaceSubrange(queue.startIndex..<queue.startIndex + count, with: kept)
        return kept.count
    }

    /// Removes what was taken of a batch, which may end within an event.
    ///
    /// - Returns: how many events were taken whole.
    private mutating func removeFirst(_ count: Int, taking bytes: Int) -> Int {
        var room = bytes
        var removed = 0
        while removed < count, let first = queue.first {
            let weight = first.event.weight
            guard weight <= room else {
                queue[queue.startIndex] = SequencedEvent(seq: first.seq, event: first.event.droppingContent(room))
                queuedBytes -= room
                break
            }
            room -= weight
            removed += 1
            removeFirst(1)
        }
        return removed
    }

    private mutating func removeFirst(_ count: Int) {
        offered = max(0, offered - count)
        if count > 0 { errors = 0 }
        for _ in 0..<count {
            guard let event = queue.popFirst() else { preconditionFailure("a batch is taken from the queue") }
            queuedBytes -= event.event.weight
        }
        if queue.isEmpty { queue = [] }
    }

    private mutating func settle(limits: ConnectionLimits) -> Progress {
        let isFinished = endedAt != nil && queue.isEmpty
        state = isFinished ? .finished : .idle
        isStuffed = queue.count >= limits.queueEvents || queuedBytes >= limits.queueBytes
        let hasRoom = queue.count * 2 <= limits.queueEvents && queuedBytes * 2 <= limits.queueBytes
        let relieved = isFull && hasRoom
        if relieved { isFull = false }
        return Progress(relieved: relieved, isFinished: isFinished)
    }
}
