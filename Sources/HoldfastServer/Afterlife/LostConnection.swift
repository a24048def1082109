// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// A connection of a node that was lost, until its app has been told of the end: that one event on its way, as a connection's own would be.
final class LostConnection: WebhookSource {
    /// What became of it.
    enum Outcome {
        case told, gaveUp
    }

    let record: SessionRecord
    let route: ShardRoute
    /// When the webhook is to be repeated.
    private(set) var retryAt: MonotonicTime?
    private unowned let shard: HubShard
    private let session: SessionView
    private var delivery = DeliveryMachine(asksLeave: false, startingAt: SessionRecord.closingSeq)
    /// Called once.
    private let done: (LostConnection, Outcome) -> Void

    init(_ record: SessionRecord, route: ShardRoute, shard: HubShard, done: @escaping (LostConnection, Outcome) -> Void) {
        self.record = record
        self.route = route
        self.shard = shard
        self.done = done
        session = record.session
        _ = delivery.occurred(.end(record.ending), at: shard.now, limits: route.configuration.limits)
    }

    /// Asks for a place among the webhooks.
    func begin() {
        retryAt = nil
        route.pool.enqueue(self)
    }

    // MARK: WebhookSource

    var isOpening: Bool { false }

    func webhookRequest() -> OutgoingWebhook? {
        guard let batch = delivery.next(batches: false), let first = batch.first else { return nil }
        let request = route.dialect.request(for: batch, in: session)
        let proof = record.isTrusted ? nil : route.proof(at: Int(WallClock.seconds))
        // As for a connection's own webhooks; the same whoever sends it, and however often.
        let bytes = route.encoder.encode(
            request, proof: proof, id: "msg_\(record.facts.idText.suffix(22))_\(first.seq)-\(first.seq)",
            trace: record.trace, span: shard.quickRandom.next(), time: Int(WallClock.seconds))
        return OutgoingWebhook(bytes: bytes, isRepeatable: true)
    }

    func webhookAnswered(_ response: HTTPResponseMessage) {
        guard let batch = delivery.batchInFlight else { return }
        let plan: AnswerPlan
        do throws(DialectError) {
            let actions = try route.dialect.actions(from: response, to: batch, in: session)
            plan = try AnswerPlan.check(actions, offered: nil, session: session, limits: route.configuration.limits)
        } catch {
            return webhookFailed(error.failure)
        }
        route.counters.webhooksOK += 1
        _ = delivery.answered(limits: route.configuration.limits)
        for action in plan.actions { shard.perform(action, ofLost: record.facts.id, on: route) }
        done(self, .told)
    }

    func webhookFailed(_ failure: DeliveryFailure) {
        route.counters.webhooks[failure.label, default: 0] += 1
        let verdict = delivery.failed(
            failure, at: shard.now, rules: route.rules, limits: route.configuration.limits,
            jitter: Double.random(in: 0..<1, using: &shard.quickRandom))
        switch verdict {
        case .retryNow:
            route.counters.webhookRetries += 1
            begin()
        case .retry(let delay):
            route.counters.webhookRetries += 1
            retryAt = shard.now + delay
        // An answer that is no use is still an answer.
        case .abandon(lost: 0): done(self, .told)
        case .abandon, .drop, .close, .refuse, .refuseAndTell:
            route.counters.webhookLost += 1
            log(failure)
            done(self, .gaveUp)
        }
    }

    private func log(_ failure: DeliveryFailure) {
        guard let held = route.warnings.pass(at: shard.now) else { return }
        var metadata: Logger.Metadata = [
            LogKey.connection: "\(record.facts.idText)", LogKey.route: "\(record.facts.route)", LogKey.error: "\(failure.message)",
            LogKey.target: "\(route.configuration.target?.description ?? "none")",
        ]
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        shard.logger.warning("webhook failed", metadata: metadata)
    }
}
