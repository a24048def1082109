// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How a route's webhooks are sent, and what happens when they fail.
package struct WebhookPolicy: Equatable, Sendable {
    /// What a client is in for when the app gave no usable answer to its message.
    package enum OnFailure: String, CaseIterable, Sendable {
        /// Close it with 1011. The default: a client never takes for processed what was not.
        case close
        /// Drop the events and go on.
        case drop
    }

    /// How long one attempt may take, from the request's first byte to the answer's last. Default 10 s.
    package var timeout: Duration
    /// How often a request is repeated after the first attempt; ``unlimited`` for as long as the app is away. Default 2.
    package var retries: Int
    package var onFailure: OnFailure
    /// Requests in flight per target. Default 256, divided among the event loops.
    package var concurrency: Int
    /// Opening requests that may wait for a free place; beyond it a client gets 503 with Retry-After. Default 1024, divided among the event loops.
    package var queue: Int
    /// How long a closing event is retried. Default 60 s.
    package var closeBudget: Duration
    /// The longest answer, in bytes. Beyond it: the webhook failed. Default four times the message limit.
    package var maxAnswerBytes: Int
    /// A PEM file with the certificates that an `https` target is checked against; `nil` for those of the system.
    package var caFile: String?

    /// For ``retries``: a request is repeated until the app is back. An app that is there and fails (500) is asked ``maxErrors`` times more:
    /// one message that it cannot take must not hold up all that follow.
    package static let unlimited = Int.max
    /// Failures of an app that is there, in a row, after which an event is given up where repetitions are ``unlimited``.
    package static let maxErrors = 20

    package init(
        timeout: Duration = .seconds(10), retries: Int = 2, onFailure: OnFailure = .close, concurrency: Int = 256, queue: Int = 1024,
        closeBudget: Duration = .seconds(60), maxAnswerBytes: Int = 4 << 20, caFile: String? = nil
    ) {
        self.timeout = timeout
        self.retries = retries
        self.onFailure = onFailure
        self.concurrency = concurrency
        self.queue = queue
        self.closeBudget = closeBudget
        self.maxAnswerBytes = maxAnswerBytes
        self.caFile = caFile
    }
}
