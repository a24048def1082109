// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// A bus over one connection to an engine, whose protocol is `Session`. This is the side for all threads; ``BusRunner`` does the work, on one loop.
final class BusLink<Session: BusSession>: Bus {
    private let settings: BusSettings
    private let logger: Logger
    private let desk: NIOLockedValueBox<BusDesk<Session>>

    init(_ settings: BusSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        desk = NIOLockedValueBox(BusDesk(maxBytes: settings.queueBytes))
    }

    var name: String { Session.name }

    var status: BusStatus {
        desk.withLockedValue { desk in
            var status = desk.status
            status.dropped = desk.queue.dropped
            status.queuedBytes = desk.queue.bytes
            status.messageLimit = desk.queue.messageLimit
            return status
        }
    }

    func start(on loop: any EventLoop, _ listener: any BusListener) async throws {
        let (settings, logger, desk) = (settings, logger, desk)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (started: CheckedContinuation<Void, any Error>) in
                loop.execute {
                    let runner = BusRunner(settings, loop: loop, listener: listener, desk: desk, logger: logger)
                    let isFirst = desk.withLockedValue { desk in
                        guard desk.runner == nil, !desk.isStopped else { return false }
                        desk.runner = NIOLoopBound(runner, eventLoop: loop)
                        return true
                    }
                    guard isFirst else { return started.resume(throwing: CancellationError()) }
                    runner.start(started)
                }
            }
        } onCancel: {
            Task { await self.stop() }
        }
    }

    func stop() async {
        let runner = desk.withLockedValue { desk in
            desk.isStopped = true
            return desk.runner
        }
        guard let runner else { return }
        await withCheckedContinuation { stopped in
            runner.eventLoop.execute { runner.value.stop(stopped) }
        }
    }

    func subscribe(_ subjects: [String]) { change(.subscribe(subjects)) }

    func unsubscribe(_ subjects: [String]) { change(.unsubscribe(subjects)) }

    func publish(_ messages: [BusMessage]) {
        wake { desk in
            desk.queue.append(messages)
            // While the engine is away, or has enough to do, nobody need be called: whatever changes that looks here.
            return desk.queue.hasNext
        }
    }

    func hold(_ isHeld: Bool) {
        wake { desk in
            desk.queue.isHeld = isHeld && desk.queue.isOpen
            return desk.queue.hasNext
        }
    }

    private func change(_ change: SubjectChange) {
        wake { desk in
            desk.changes.append(change)
            return true
        }
    }

    /// - Parameter work: whether the loop has something to do now.
    private func wake(_ work: (inout BusDesk<Session>) -> Bool) {
        let runner = desk.withLockedValue { desk in desk.isStopped || !work(&desk) ? nil : desk.wake() }
        if let runner { runner.eventLoop.execute { runner.value.pump() } }
    }
}

typealias NATSBus = BusLink<NATSSession>
typealias RedisBus = BusLink<RedisSession>
