// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// The way to the app: events in, answers out, as ``DeliveryMachine`` orders.
extension Connection {
    /// Asks the app whether the client may come in.
    func begin(_ request: OpeningRequest) {
        guard route.hears(.open) else {
            return carryOut(.acceptUnasked)
        }
        guard route.pool.takesOpenings else {
            route.counters.shed["open", default: 0] += 1
            let busy = Refusal(status: 503, headers: [.init(name: "retry-after", value: "1")], body: "the app behind this gateway is busy\n")
            return execute(machine.appRefused(), refusal: busy)
        }
        var request = request
        request.isTrusted = isTrusted
        tell(.open(request))
    }

    /// An event happened: the app hears of it if it wants to.
    func tell(_ event: Event) {
        guard event.kind.map(route.hears) ?? (event.isQuestion || route.traits.isCalledWithoutNews) else { return }
        switch delivery.occurred(event, at: shard.now, limits: limits) {
        case .taken, .gone: break
        case .takenNowFull: isPaused = true
        }
        pumpDelivery()
    }

    func pumpDelivery() {
        if delivery.hasBatch { enqueueForDelivery() }
    }

    func enqueueForDelivery() {
        guard !isQueued else { return }
        isQueued = true
        route.pool.enqueue(self)
    }

    func resumeReading() {
        isPaused = false
        if var bytes = unread {
            unread = nil
            take(&bytes)
        }
        guard !isPaused else { return }
        if isGone { return execute(machine.transportClosed()) }
        guard wantsRead else { return }
        wantsRead = false
        context?.read()
    }

    // MARK: WebhookSource

    var isOpening: Bool { machine.isAsking }

    func webhookRequest() -> OutgoingWebhook? {
        guard let batch = nextAsked(), !batch.isEmpty else { return nil }
        let session = session
        extras?.askedGaps = session.gaps
        let request = route.dialect.request(for: batch, in: session)
        // A trusted proxy's own is among the headers that are repeated.
        let proof = isTrusted ? nil : route.proof(at: wallClock())
        let bytes = route.encoder.encode(
            request, proof: proof, id: "msg_\(facts.idText.suffix(22))_\(batch[0].seq)-\(batch[batch.count - 1].seq)",
            trace: trace, span: shard.quickRandom.next(), time: wallClock())
        return OutgoingWebhook(bytes: bytes, isRepeatable: route.traits.isRepeatable || route.traits.repeatsWhenStale || request.method.isIdempotent)
    }

    /// How many batches in a row are done without the app before others on this loop have their turn.
    private static let mostUnasked = 64

    /// The next batch that the app is asked about. Those before it, of which it is not, are done.
    private func nextAsked() -> [SequencedEvent]? {
        // What they bring about is met in this loop, not in another one inside it.
        isQueued = true
        var batch = delivery.next(batches: route.traits.batches)
        var count = 0
        while route.traits.answersSome, let events = batch, let actions = route.dialect.unasked(events, in: session) {
            answerUnasked(actions, to: events)
            count += 1
            if count == Self.mostUnasked, delivery.hasBatch {
                shard.loop.assumeIsolated().execute {
                    self.isQueued = false
                    self.pumpDelivery()
                }
                return nil
            }
            batch = delivery.hasBatch ? delivery.next(batches: route.traits.batches) : nil
        }
        isQueued = false
        return batch
    }

    /// Carries out what the dialect itself answers.
    private func answerUnasked(_ actions: [Action], to batch: [SequencedEvent]) {
        let plan: AnswerPlan
        do throws(DialectError) {
            plan = try AnswerPlan.check(actions, offered: batch.first?.offeredProtocols, session: session, limits: limits)
        } catch {
            return webhookFailed(error.failure)
        }
        let progress = delivery.answered(limits: limits)
        carryOut(plan)
        proceed(progress)
    }

    func webhookAnswered(_ response: HTTPResponseMessage) {
        guard let batch = delivery.batchInFlight else { return }
        let plan: AnswerPlan
        do throws(DialectError) {
            let session = session
            let actions = try route.dialect.actions(from: response, to: batch, in: session)
            plan = try AnswerPlan.check(actions, offered: batch.first?.offeredProtocols, session: session, limits: limits)
            if let taken = plan.taken, !delivery.canTake(taken) {
                throw .notUnderstood("Content-Bytes-Accepted: \(taken) is not a part of what was sent")
            }
        } catch {
            return webhookFailed(error.failure)
        }
        route.counters.webhooksOK += 1
        if case .askAgain(let delay) = plan.opening {
            delivery.postponed()
            retry(after: delay)
            for action in plan.actions { shard.perform(action, from: self) }
            // Who has left meanwhile need not be asked about.
            if !machine.isAsking { execute(machine.appRefused()) }
            return
        }
        let progress: DeliveryMachine.Progress
        if let taken = plan.taken {
            let jitter = Double.random(in: 0..<1, using: &shard.quickRandom)
            progress = delivery.answered(taken: taken, at: shard.now, rules: route.rules, limits: limits, jitter: jitter)
        } else {
            progress = delivery.answered(limits: limits)
        }
        if batch.first?.event.isQuestion == true { dialAsTold(plan.actions) } else { carryOut(plan) }
        if extras != nil {
            closeGaps()
            postponePoll()
        }
        proceed(progress)
    }

    func webhookFailed(_ failure: DeliveryFailure) {
        // Nothing is in flight any more for an app that has heard of the end from another node.
        guard delivery.batchInFlight != nil else { return }
        route.counters.webhooks[failure.label, default: 0] += 1
        let wasQuestion = delivery.batchInFlight?.first?.event.isQuestion == true
        let verdict = delivery.failed(
            failure, at: shard.now, rules: route.rules, limits: limits, jitter: Double.random(in: 0..<1, using: &shard.quickRandom))
        log(failure, verdict, isQuestion: wasQuestion)
        switch verdict {
        case .retryNow:
            route.counters.webhookRetries += 1
            enqueueForDelivery()
        case .retry(let delay):
            route.counters.webhookRetries += 1
            retry(after: delay)
        case .refuse: execute(machine.appRefused(), refusal: failure.refusal)
        case .refuseAndTell: refuseAndTell(failure)
        case .close(let lost):
            route.counters.webhookLost += lost
            execute(machine.closeOrdered(route.traits.failureCode, reason: "the app failed", error: failure.message, cause: .appFailure))
            pumpDelivery()
        case .drop(let progress, let lost):
            route.counters.webhookLost += wasQuestion ? 0 : lost
            proceed(progress)
            if wasQuestion { dial?.askFailed(failure.message) }
        case .abandon(let lost):
            route.counters.webhookLost += lost
            told()
        }
    }

    private func retry(after delay: Duration) {
        retryAt = shard.now + delay
        shard.remind(self, at: shard.now + delay)
    }

    // MARK: Inside

    /// Refuses the client, and tells the app, which may believe in a connection, that there is none.
    private func refuseAndTell(_ failure: DeliveryFailure) {
        _ = machine.appRefused()
        leaveChannels()
        sendQueue.removeAll()
        opening?.refuse(failure.refusal)
        opening = nil
        guard route.hears(.close) else { return forget() }
        shard.records?.keep(self)
        tell(.end(Ending(code: .abnormal, isClean: false, error: failure.message, cause: .appFailure)))
    }

    private func proceed(_ progress: DeliveryMachine.Progress) {
        if progress.relieved { resumeReading() }
        if let again = progress.again { retry(after: again) }
        if progress.isFinished { told() } else { pumpDelivery() }
    }

    /// The app has heard all that it will hear: there is nothing left to do, unless only the app has left.
    private func told() {
        if let extras, extras.isDetached, !extras.hasEnded {
            shard.records?.drop(id)
            return
        }
        forget()
    }

    private func carryOut(_ plan: AnswerPlan) {
        switch plan.opening {
        case .accept(let chosen, let headers):
            let order = machine.appAccepted()
            if order == .upgrade {
                chosenProtocol = chosen
                opening?.upgrade(to: self, chosen: chosen, headers: headers)
                opening = nil
            }
            execute(order)
        case .reject where isOutbound: close(.policyViolation, reason: "")
        case .reject(let refusal): execute(machine.appRefused(), refusal: refusal)
        case .askAgain, nil: break
        }
        for action in plan.actions { shard.perform(action, from: self) }
    }

    private func log(_ failure: DeliveryFailure, _ verdict: DeliveryMachine.Verdict, isQuestion: Bool) {
        let isFinal: Bool
        switch verdict {
        case .retryNow: return
        case .retry: isFinal = false
        case .refuse, .refuseAndTell, .close, .drop, .abandon: isFinal = true
        }
        // While the app does not say what to dial, nothing else can be seen of it.
        let isNews = isFinal || isQuestion
        guard let held = isNews ? route.warnings.pass(at: shard.now) : 0 else { return }
        var metadata: Logger.Metadata = [
            LogKey.connection: "\(facts.idText)", LogKey.route: "\(facts.route)", LogKey.error: "\(failure.message)",
            LogKey.target: "\(route.configuration.target?.description ?? "none")",
        ]
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        shard.logger.log(level: isNews ? .warning : .debug, isFinal ? "webhook failed" : "webhook will be repeated", metadata: metadata)
    }

    private func wallClock() -> Int { Int(WallClock.seconds) }
}

extension SequencedEvent {
    /// The subprotocols offered, if this is the opening event.
    fileprivate var offeredProtocols: [String]? {
        if case .open(let request) = event { request.protocols } else { nil }
    }
}
