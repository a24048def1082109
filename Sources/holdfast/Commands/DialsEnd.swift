// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ServiceLifecycle
import Synchronization

/// Ends the process when nothing is left that could be connected to, and keeps the reason.
final class DialsEnd: Service, Sendable {
    private let told: AsyncStream<String>
    private let teller: AsyncStream<String>.Continuation
    private let found = Mutex<String?>(nil)

    init() { (told, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// Why it ended; `nil` when it was asked to.
    var reason: String? { found.withLock { $0 } }

    /// Nothing is left; only the first reason counts. Called from any thread.
    func ended(_ reason: String) { teller.yield(reason) }

    /// Until that, or a graceful shutdown.
    func run() async {
        for await reason in told.cancelOnGracefulShutdown() {
            found.withLock { $0 = reason }
            return
        }
    }
}
