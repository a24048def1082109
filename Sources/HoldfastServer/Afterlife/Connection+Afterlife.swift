// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// The end of a connection whose node was taken for lost: the app has been told by another.
extension Connection {
    /// The app is sent nothing more from now on.
    ///
    /// - Parameter moment: when the peer is told to go.
    func takenOver(at moment: MonotonicTime) {
        delivery.silence()
        retryAt = nil
        // What there was left to do was to tell the app.
        guard !machine.isClosed else { return forget() }
        let extras = withExtras
        extras.isTakenOver = true
        extras.isDetached = true
        extras.pollInterval = nil
        extras.pollAt = nil
        drainAt = moment
        shard.remind(self, at: moment)
        resumeReading()
    }

    /// The moment has come.
    func endTakenOver() {
        let why = "taken over"
        execute(machine.closeOrdered(.serviceRestart, reason: why, error: "the other nodes took this one for lost", cause: .takenOver))
    }
}
