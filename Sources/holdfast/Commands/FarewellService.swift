// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastServer
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Ends a process that is there for outbound connections alone, once none is left.
struct FarewellService: Service {
    let dials: DialBook
    private let farewells: AsyncStream<DialBook.Farewell>
    private let last = NIOLockedValueBox<DialBook.Farewell?>(nil)

    init() {
        let (farewells, continuation) = AsyncStream.makeStream(of: DialBook.Farewell.self, bufferingPolicy: .bufferingOldest(1))
        self.farewells = farewells
        dials = DialBook { continuation.yield($0) }
    }

    /// Why it ended; `nil` where it was told to from outside.
    var farewell: DialBook.Farewell? { last.withLockedValue { $0 } }

    /// Returns when no connection is left, and the group ends with it.
    func run() async {
        for await farewell in farewells.cancelOnGracefulShutdown() {
            last.withLockedValue { $0 = farewell }
            return
        }
    }
}
