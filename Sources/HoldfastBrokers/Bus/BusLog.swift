// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging

/// What an operator reads about a bus: when it came, when and why it broke, and while there is trouble one line a minute about each kind.
struct BusLog {
    private let logger: Logger
    private var arrivals: LogGate
    private var losses: LogGate
    private var absence: LogGate
    private var refusals: LogGate
    private var complaints: LogGate
    private var drops: LogGate
    private var reportedDrops = 0
    private var reportedTooLarge = 0

    init(_ logger: Logger, engine: String, every interval: Duration) {
        var logger = logger
        logger[metadataKey: LogKey.broker] = "\(engine)"
        self.logger = logger
        // A broker that restarts now and then is told of each time; one that comes and goes all the time is not.
        arrivals = LogGate(lines: 10, every: interval)
        losses = LogGate(lines: 10, every: interval)
        absence = LogGate(every: interval)
        refusals = LogGate(every: interval)
        complaints = LogGate(every: interval)
        drops = LogGate(every: interval)
    }

    mutating func connected(to server: BusAddress, subjects: Int, at now: MonotonicTime) {
        guard arrivals.pass(at: now) != nil else { return }
        logger.info("connected to the broker", metadata: [LogKey.server: "\(server)", LogKey.subjects: "\(subjects)"])
    }

    mutating func lost(_ server: BusAddress, _ failure: BusFailure, at now: MonotonicTime) {
        guard let held = losses.pass(at: now) else { return }
        var metadata: Logger.Metadata = [LogKey.server: "\(server)", LogKey.error: "\(failure.reason)"]
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        logger.warning("the broker was lost; local traffic goes on", metadata: metadata)
    }

    mutating func away(_ problem: String, at now: MonotonicTime, queued: Int) {
        guard absence.pass(at: now) != nil else { return }
        logger.warning("the broker cannot be reached", metadata: [LogKey.error: "\(problem)", LogKey.queued: "\(queued)"])
    }

    mutating func refused(_ problem: String, at now: MonotonicTime) {
        guard refusals.pass(at: now) != nil else { return }
        logger.error("the broker refuses this node", metadata: [LogKey.error: "\(problem)"])
    }

    mutating func complained(_ text: String, at now: MonotonicTime) {
        guard let held = complaints.pass(at: now) else { return }
        logger.warning("the broker refused something", metadata: [LogKey.error: "\(text)", LogKey.count: "\(held + 1)"])
    }

    mutating func dropped(_ dropped: Int, tooLarge: Int, limit: Int?, at now: MonotonicTime) {
        guard dropped > reportedDrops, drops.pass(at: now) != nil else { return }
        let new = dropped - reportedDrops
        let newTooLarge = tooLarge - reportedTooLarge
        reportedDrops = dropped
        reportedTooLarge = tooLarge
        var metadata: Logger.Metadata = [LogKey.count: "\(new)"]
        if newTooLarge > 0 {
            metadata[LogKey.tooLarge] = "\(newTooLarge)"
            if let limit { metadata[LogKey.maxPayload] = "\(limit)" }
        }
        logger.warning("messages to other nodes were dropped", metadata: metadata)
    }

    func stopped(leaving count: Int) {
        logger.warning("the broker was left before everything was sent", metadata: [LogKey.count: "\(count)"])
    }
}
