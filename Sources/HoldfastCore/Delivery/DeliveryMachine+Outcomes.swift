// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension DeliveryMachine {
    /// What became of an event.
    package enum Intake: Equatable, Sendable {
        case taken
        /// Taken, and the queue is full: stop reading the socket until relief is ordered.
        case takenNowFull
        /// The connection has ended; the event is dropped.
        case gone
    }

    /// What follows an answered request.
    package struct Progress: Equatable, Sendable {
        /// The queue was full and has room again: read the socket.
        package let relieved: Bool
        /// The closing event was delivered: the connection may be forgotten.
        package let isFinished: Bool
        /// The app has not taken all, and nothing more will come: what is left is to be sent again after this long.
        package let again: Duration?

        package init(relieved: Bool, isFinished: Bool, again: Duration? = nil) {
            self.relieved = relieved
            self.isFinished = isFinished
            self.again = again
        }
    }

    /// What follows a failed attempt.
    package enum Verdict: Equatable, Sendable {
        /// Send the same batch again at once.
        case retryNow
        /// Send the same batch again after this long.
        case retry(after: Duration)
        /// The opening event failed: refuse the client. The app has not accepted it, so there is no end to tell.
        case refuse
        /// The same, but the app may have said yes too late or in a way that was not understood: it must hear of an end.
        case refuseAndTell
        /// The events are given up and the client is to be closed with 1011. Those that the app has certainly not seen stay queued and
        /// travel with the closing event.
        case close(lost: Int)
        /// The events are given up; go on with the next.
        case drop(Progress, lost: Int)
        /// The closing event could not be delivered within its budget.
        case abandon(lost: Int)
    }

    /// What a failed attempt is judged by.
    package struct RetryRules: Equatable, Sendable {
        package var policy: WebhookPolicy
        /// Whether the app can tell a repetition from a new request; otherwise only what was certainly not processed is repeated.
        package var isRepeatable: Bool
        /// Whether the events behind one that is given up are given up with it, but for the closing event.
        package var isAbandonedWhole: Bool

        package init(policy: WebhookPolicy, isRepeatable: Bool, isAbandonedWhole: Bool = false) {
            self.policy = policy
            self.isRepeatable = isRepeatable
            self.isAbandonedWhole = isAbandonedWhole
        }
    }
}
