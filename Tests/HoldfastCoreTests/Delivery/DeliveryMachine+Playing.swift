// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

// Short forms for playing the machine by hand: the ordinary limits and rules, and a clock that stands still.

extension DeliveryMachine.RetryRules {
    /// As the json dialect has them by default.
    static let ordinary = DeliveryMachine.RetryRules(policy: WebhookPolicy(), isRepeatable: true)
}

extension DeliveryMachine {
    @discardableResult
    mutating func take(_ event: Event, at now: MonotonicTime = .after(.zero), limits: ConnectionLimits = ConnectionLimits()) -> Intake {
        occurred(event, at: now, limits: limits)
    }

    /// The numbers of the batch that leaves.
    @discardableResult
    mutating func send(batches: Bool = true) -> [Int]? { next(batches: batches)?.map(\.seq) }

    /// With a jitter that changes no delay.
    @discardableResult
    mutating func fail(_ failure: DeliveryFailure, at now: MonotonicTime = .after(.zero), rules: RetryRules = .ordinary) -> Verdict {
        failed(failure, at: now, rules: rules, limits: ConnectionLimits(), jitter: 0.5)
    }

    /// The app answers that it took so many bytes; with a jitter that changes no delay.
    @discardableResult
    mutating func took(
        _ bytes: Int, at now: MonotonicTime = .after(.zero), rules: RetryRules = .ordinary, limits: ConnectionLimits = ConnectionLimits()
    ) -> Progress {
        answered(taken: bytes, at: now, rules: rules, limits: limits, jitter: 0.5)
    }

    /// Where the machine is, in words, told by what it does.
    var outline: String {
        if isFinished { return "finished" }
        if let batch = batchInFlight { return "in flight \(batch.count) of \(depth)" }
        if hasBatch { return "ready \(depth)" }
        if isIdle { return "idle" }
        var copy = self
        copy.take(.message(.sample("news")))
        if copy.hasBatch { return "offered \(depth)" }
        copy = self
        return copy.next(batches: true).map { "waiting \($0.count) of \(depth)" } ?? "held \(depth)"
    }
}

extension DeliveryMachine.Progress {
    var outline: String {
        "progress" + (relieved ? " relieved" : "") + (isFinished ? " finished" : "") + (again.map { " again \($0.inSeconds)" } ?? "")
    }
}

extension DeliveryMachine.Verdict {
    /// In words: what is to be done, and how many events are lost.
    var outline: String {
        switch self {
        case .retryNow: "retry now"
        case .retry(let delay): "retry \(delay.inSeconds)"
        case .refuse: "refuse"
        case .refuseAndTell: "refuse and tell"
        case .close(let lost): "close \(lost)"
        case .drop(let progress, let lost): "drop \(lost)" + progress.outline.dropFirst("progress".count)
        case .abandon(let lost): "abandon \(lost)"
        }
    }
}
