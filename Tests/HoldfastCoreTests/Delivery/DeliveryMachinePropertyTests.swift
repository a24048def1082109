// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Plays connections at random, with everything around the machine as the gateway has it: one request at a time, and an end that follows an order to
/// close.
struct DeliveryMachinePropertyTests {
    /// A connection, an app that fails at random, and what must hold at each step.
    private struct Play {
        var random: QuickRandom
        let batches: Bool
        /// Whether the app wants to hear of the end.
        let wantsEnd: Bool
        let rules: DeliveryMachine.RetryRules
        let limits: ConnectionLimits
        var machine = DeliveryMachine()
        var now = MonotonicTime.after(.seconds(1000))

        /// The number of the last event that was taken, and the first that is neither delivered nor lost.
        var lastSeq = 0
        var front = 1
        var isEnded = false
        /// The number of the closing event.
        var endSeq: Int?
        /// What is on its way to the app.
        var inFlight: [Int]?
        /// What must be sent next because an attempt failed.
        var repetition: [Int]?
        /// Whether the machine gave the order to close, and the end is not known yet.
        var isClosing = false
        /// Whether something that an unreachable app has not seen waits for the end.
        var kept = false
        var isPaused = false
        var isOver = false
        var endings = 0

        init(seed: UInt64) {
            random = QuickRandom(seed: seed)
            batches = !random.oneIn(3)
            wantsEnd = !random.oneIn(4)
            let policy = WebhookPolicy(
                retries: Int.random(in: 0...3, using: &random), onFailure: random.oneIn(2) ? .close : .drop,
                closeBudget: .seconds(Int.random(in: 1...60, using: &random)))
            rules = .init(policy: policy, isRepeatable: !random.oneIn(3))
            limits = ConnectionLimits(queueEvents: Int.random(in: 1...6, using: &random), queueBytes: Int.random(in: 1...30, using: &random))
        }

        // MARK: What the connection does

        mutating func occur(_ event: Event) {
            let intake = machine.occurred(event, at: now, limits: limits)
            guard !isEnded, !isOver else {
                #expect(intake == .gone)
                return
            }
            #expect(intake != .gone)
            lastSeq += 1
            if intake == .takenNowFull { isPaused = true }
        }

        mutating func end() {
            guard !isEnded, !isOver else { return }
            if wantsEnd {
                occur(.end(.lost()))
                endSeq = lastSeq
            } else if machine.endedUnheard(at: now) {
                isOver = true
                endings += 1
                #expect(front > lastSeq, "nothing is left behind")
            }
            isEnded = true
            machine.resumeAfterEnd()
            isClosing = false
        }

        mutating func send() {
            if inFlight != nil {
                #expect(!machine.hasBatch, "never two batches in flight")
                #expect(machine.next(batches: batches)?.map(\.seq) == inFlight)
                return
            }
            #expect(machine.hasBatch == (repetition == nil && !isClosing && !isOver && front <= lastSeq))
            guard let batch = machine.next(batches: batches) else {
                #expect(isOver || isClosing || front > lastSeq)
                return
            }
            let seqs = batch.map(\.seq)
            #expect(seqs.first == front, "the oldest event that waits")
            #expect(seqs == Array(front..<front + seqs.count), "without gap or reorder")
            if let repetition { #expect(seqs == repetition) }
            if case .open = batch[0].event { #expect(seqs == [1]) }
            if !batches { #expect(seqs.count == 1) }
            if batches, kept, let endSeq { #expect(seqs.last == endSeq, "what was kept travels with the end") }
            for event in batch {
                if case .end = event.event { #expect(event.seq == endSeq && event.seq == seqs.last, "the end is last") }
            }
            kept = false
            repetition = nil
            inFlight = seqs
        }

        // MARK: What the app does

        mutating func answer() {
            guard let batch = inFlight else { return }
            inFlight = nil
            settle(machine.answered(limits: limits), gone: batch.count)
        }

        mutating func fail(_ failure: DeliveryFailure) {
            guard let batch = inFlight else { return }
            inFlight = nil
            let hasEnding = endSeq != nil && batch.last == endSeq
            let mayRepeat = rules.isRepeatable || hasEnding || failure == .stale || !failure.mayHaveBeenProcessed
            let verdict = machine.failed(failure, at: now, rules: rules, limits: limits, jitter: Double.random(in: 0..<1, using: &random))
            switch verdict {
            case .retryNow:
                #expect(failure == .stale)
                repetition = batch
            case .retry(let delay):
                #expect(mayRepeat && failure.isTransient)
                repetition = batch
                now = now + delay
            case .refuse:
                #expect(batch == [1] && !failure.mayHaveBeenAccepted)
                isOver = true
            case .refuseAndTell:
                #expect(batch == [1] && failure.mayHaveBeenAccepted)
                front = lastSeq + 1
                isPaused = false
                end()
            case .close(let lost):
                #expect(rules.policy.onFailure == .close && !isEnded)
                #expect(lost == (failure.mayHaveBeenProcessed ? batch.count : 0), "only what was certainly not processed is kept")
                front += lost
                kept = lost == 0
                isClosing = true
            case .drop(let progress, let lost):
                #expect(rules.policy.onFailure == .drop || isEnded)
                #expect(lost == (hasEnding ? batch.count - 1 : batch.count), "the end is never dropped")
                settle(progress, gone: lost)
            case .abandon(let lost):
                #expect(hasEnding)
                #expect(lost == (failure.isTransient ? batch.count : 0))
                endings += 1
                isOver = true
            }
        }

        private mutating func settle(_ progress: DeliveryMachine.Progress, gone count: Int) {
            front += count
            if progress.relieved {
                #expect(isPaused, "relief follows fullness, once")
                isPaused = false
            }
            let waiting = lastSeq - front + 1
            if isPaused { #expect(waiting > 0, "an empty queue leaves nobody paused") }
            #expect(progress.isFinished == (isEnded && waiting == 0))
            guard progress.isFinished else { return }
            endings += 1
            isOver = true
        }
    }

    private static let failures: [DeliveryFailure] = [
        .unreachable("refused"), .unreachable("refused"), .timeout(.seconds(10)), .interrupted("reset"), .stale, .status(500), .status(404),
        .notUnderstood("no JSON"),
    ]

    @Test("Whatever happens, events keep their order and the end is the last word, delivered or abandoned exactly once", arguments: 0..<500)
    func play(_ seed: UInt64) throws {
        var play = Play(seed: seed)
        play.occur(.open(.sample()))
        for _ in 0..<Int.random(in: 0..<60, using: &play.random) {
            switch Int.random(in: 0..<10, using: &play.random) {
            case 0..<4 where !play.isPaused: play.occur(.message(.sample(String(repeating: "x", count: Int.random(in: 0..<8, using: &play.random)))))
            case 4: play.occur(.ping(ByteBuffer(string: "p")))
            case 5: play.fail(try #require(Self.failures.randomElement(using: &play.random)))
            case 6 where play.isClosing: play.end()
            case 7...8: play.answer()
            default: play.send()
            }
            play.now = play.now + .milliseconds(Int.random(in: 0..<800, using: &play.random))
            #expect(play.machine.depth == (play.isOver ? play.machine.depth : play.lastSeq - play.front + 1))
        }
        if play.isOver { return }
        play.end()

        // Whatever the app does now, this comes to an end, and in time.
        let endedAt = play.now
        let hopeless = play.random.oneIn(2)
        for _ in 0..<1000 where !play.isOver {
            play.send()
            if !hopeless, play.random.oneIn(2) {
                play.answer()
            } else {
                play.fail(try #require(Self.failures.randomElement(using: &play.random)))
            }
        }
        #expect(play.isOver)
        #expect(play.machine.isFinished)
        #expect(play.endings == 1)
        #expect(play.now.since(endedAt) <= play.rules.policy.closeBudget)
        play.occur(.message(.sample("after the end")))
    }
}
