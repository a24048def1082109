// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// When a remote that was lost, or could not be had, is dialled again.
package struct ReconnectPolicy: Equatable, Sendable {
    /// The wait after the first failure. Doubles with each further one. Default 1 s.
    package var firstDelay: Duration
    /// The longest wait. Default 60 s.
    package var maxDelay: Duration
    /// How many failures in a row end it; `nil` for never. Default never.
    package var maxFailures: Int?
    /// A connection that lasted this long has succeeded: the next loss counts as the first failure. Default 10 s.
    package var settledAfter: Duration

    package init(
        firstDelay: Duration = .seconds(1), maxDelay: Duration = .seconds(60), maxFailures: Int? = nil, settledAfter: Duration = .seconds(10)
    ) {
        self.firstDelay = firstDelay
        self.maxDelay = maxDelay
        self.maxFailures = maxFailures
        self.settledAfter = settledAfter
    }
}
