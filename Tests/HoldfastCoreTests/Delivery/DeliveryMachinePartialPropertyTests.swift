// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Plays connections at random with an app that takes a part of what it is offered, and compares bytes with bytes.
struct DeliveryMachinePartialPropertyTests {
    private struct Play {
        var random: QuickRandom
        let limits: ConnectionLimits
        let rules: DeliveryMachine.RetryRules
        let wantsEnd: Bool
        var machine = DeliveryMachine()
        var now = MonotonicTime.after(.seconds(1000))

        /// All that the client sent, all that the app took, and of what follows that how much it was offered.
        var sent: [UInt8] = []
        var taken = 0
        var offered = 0
        var isPaused = false
        var isEnded = false
        /// Whether the next batch is due although there is no news.
        var isDue = false
        /// Whether a call without news must still be made.
        var isCalled = false
        var isOver = false

        init(seed: UInt64) {
            random = QuickRandom(seed: seed)
            limits = ConnectionLimits(queueEvents: Int.random(in: 1...8, using: &random), queueBytes: Int.random(in: 1...40, using: &random))
            let budget = Duration.seconds(Int.random(in: 1...60, using: &random))
            rules = .init(policy: WebhookPolicy(retries: 2, onFailure: .drop, closeBudget: budget), isRepeatable: false)
            wantsEnd = random.oneIn(2)
        }

        mutating func occur(_ event: Event) {
            guard !isEnded else { return }
            switch machine.occurred(event, at: now, limits: limits) {
            case .taken: break
            case .takenNowFull: isPaused = true
            case .gone: Issue.record("the connection lives")
            }
        }

        mutating func say() {
            guard !isPaused, !isEnded else { return }
            let count = random.oneIn(4) ? 0 : Int.random(in: 1...12, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: occur(.message(.text(ByteBuffer(bytes: bytes))))
            case 1: occur(.ping(ByteBuffer(bytes: bytes)))
            case 2: occur(.pong(ByteBuffer(bytes: bytes)))
            default: occur(.message(.binary(ByteBuffer(bytes: bytes))))
            }
            sent += bytes
        }

        mutating func call() {
            guard !isEnded else { return }
            occur(.refresh)
            isCalled = true
        }

        mutating func end() {
            guard !isEnded else { return }
            if wantsEnd { occur(.end(.lost())) } else if machine.endedUnheard(at: now) { isOver = true }
            isEnded = true
        }

        /// A whole request and its answer, if there is something to send.
        mutating func exchange() {
            guard !isOver, machine.hasBatch || isDue || machine.batchInFlight != nil else { return }
            isDue = false
            #expect(machine.replayedBytes == offered)
            guard let batch = machine.next(batches: true) else {
                Issue.record("there was something to send")
                return
            }
            isCalled = false
            var bytes: [UInt8] = []
            for event in batch { bytes += Self.content(event.event) }
            #expect(Array(sent[taken..<taken + bytes.count]) == bytes, "all that was not taken, from its first byte, in order")
            #expect(machine.replayedBytes <= bytes.count)
            // More comes while the app thinks.
            while random.oneIn(3), !isPaused { say() }
            if random.oneIn(10) { call() }
            if random.oneIn(30) { end() }
            if random.oneIn(8), !isEnded {
                isDue = machine.failed(.stale, at: now, rules: rules, limits: limits, jitter: 0) == .retryNow
                #expect(isDue)
                return
            }
            let part = random.oneIn(3) ? bytes.count : random.oneIn(3) ? 0 : Int.random(in: 0...bytes.count, using: &random)
            guard machine.canTake(part) else {
                #expect(part == 0 && isPaused, "only an app that blocks the way is told off")
                return answer(bytes.count, of: bytes.count)
            }
            #expect(!machine.canTake(bytes.count + 1))
            answer(part, of: bytes.count)
        }

        private mutating func answer(_ part: Int, of count: Int) {
            let progress = machine.answered(taken: part, at: now, rules: rules, limits: limits, jitter: 0.5)
            taken += part
            offered = count - part
            #expect(machine.replayedBytes == (progress.isFinished ? 0 : offered))
            if progress.relieved {
                #expect(isPaused, "relief follows fullness")
                isPaused = false
            }
            if let delay = progress.again {
                #expect(isEnded && offered > 0)
                now = now + delay
                isDue = true
            }
            if progress.isFinished {
                #expect(isEnded)
                isOver = true
                return
            }
            #expect(!isPaused || machine.hasBatch || isDue, "somebody can do something: the client, or the app")
            #expect(!isCalled || machine.hasBatch || isDue, "a call that was asked for is made")
            #expect(!isEnded || machine.hasBatch || isDue, "what is left after the end is not forgotten")
        }

        private static func content(_ event: Event) -> [UInt8] {
            switch event {
            case .message(.text(let bytes)), .message(.binary(let bytes)), .ping(let bytes), .pong(let bytes): Array(bytes.readableBytesView)
            case .ready, .open, .refresh, .end: []
            }
        }
    }

    @Test("Whatever an app takes, it gets all bytes, once, in order; nobody waits for ever, and the end comes in time", arguments: 0..<500)
    func play(_ seed: UInt64) {
        var play = Play(seed: seed)
        for _ in 0..<Int.random(in: 0..<80, using: &play.random) {
            switch Int.random(in: 0..<6, using: &play.random) {
            case 0..<3: play.say()
            case 3: play.call()
            default: play.exchange()
            }
            #expect(play.machine.depth <= play.limits.queueEvents + 2, "nothing piles up")
        }
        play.end()
        let endedAt = play.now
        for _ in 0..<200 where !play.isOver { play.exchange() }
        #expect(play.isOver)
        #expect(play.machine.isFinished && play.machine.depth == 0)
        #expect(play.now.since(endedAt) <= play.rules.policy.closeBudget)
    }
}
