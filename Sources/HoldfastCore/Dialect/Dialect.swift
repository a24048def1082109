// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// The wire convention that one app speaks: a pure translation in three directions. A dialect never waits, and keeps nothing.
package protocol Dialect: Sendable {
    /// As in configuration and metrics.
    var name: String { get }

    /// What the engine must know of the convention.
    var traits: DialectTraits { get }

    /// What each webhook of a connection says of its opening request, for dialects that repeat its headers with every one: made once and kept.
    ///
    /// - Returns: whatever the dialect makes its webhooks of, such as request line and header fields; `nil` where nothing is worth keeping.
    func webhookHead(of request: OpeningRequest, id: ConnectionID) -> SplitHead?

    /// The webhook that carries these events.
    ///
    /// - Parameter events: at least one; exactly one where the traits say no batches, or where the first is the opening event.
    func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest

    /// What the app's answer asks for.
    ///
    /// The list is checked whole: nothing is carried out when anything in it is wrong.
    ///
    /// - Throws: a ``DialectError`` when the answer means failure or is not understood.
    func actions(from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView) throws(DialectError) -> [Action]

    /// What the dialect itself answers to these events, so that the app is not asked: neither ``Action/askAgain(after:)`` nor
    /// ``Action/took(contentBytes:)``.
    ///
    /// It is asked once for each batch, in the order of the events: what is unasked waits for the webhooks in front of it.
    ///
    /// - Parameter events: as for ``request(for:in:)``.
    /// - Returns: `nil` where the app is to be asked.
    func unasked(_ events: [SequencedEvent], in session: SessionView) -> [Action]?

    /// What a request to the control port asks for, in the dialect's own convention.
    ///
    /// - Returns: `nil` when the request is not of this convention.
    func command(from request: ControlRequest) -> ControlCommand?

    /// What is wrong with such a request as far as its head tells: asked before a stranger's body is read.
    ///
    /// - Parameter request: as for ``command(from:)``, with an empty body.
    /// - Returns: `nil` when nothing is, or the request is not of this convention.
    func refusal(ofHead request: ControlRequest) -> ControlReply?
}

extension Dialect {
    package func webhookHead(of request: OpeningRequest, id: ConnectionID) -> SplitHead? { nil }
    package func unasked(_ events: [SequencedEvent], in session: SessionView) -> [Action]? { nil }
    package func command(from request: ControlRequest) -> ControlCommand? { nil }
    package func refusal(ofHead request: ControlRequest) -> ControlReply? { nil }
}

/// What the engine must know of a convention.
package struct DialectTraits: Equatable, Sendable {
    /// Whether a webhook can carry several events.
    package var batches: Bool
    /// Whether a delivery carries an id by which the app can drop a repetition; otherwise only what was certainly not processed is sent again.
    package var isRepeatable: Bool
    /// Whether webhooks are signed by Standard Webhooks when the route has a secret.
    package var isSigned: Bool
    /// Whether requests that are no WebSocket handshakes are passed on to the app.
    package var isProxy: Bool
    /// Headers of the opening request, in lower case, that every webhook of the connection needs.
    package var keepsHeaders: [String]

    /// Whether a request is sent again when the app closes a kept-alive connection under it, before a byte of an answer. HTTP does not promise
    /// that it was not processed, but nearly always it was not.
    package var repeatsWhenStale: Bool

    /// Whether a webhook without an event makes sense.
    package var isCalledWithoutNews: Bool

    /// The content type that most webhooks have: their head is then made once.
    package var contentType: String

    /// What a client is closed with when a webhook of its messages has failed for good.
    package var failureCode: CloseCode
    /// Whether the messages behind one that has failed for good are given up with it, where each of them asks for leave to do something.
    package var isAbandonedWhole: Bool

    /// Whether the dialect itself answers to some events (``Dialect/unasked(_:in:)``).
    package var answersSome: Bool

    /// Whether a closing event says the connection's channels.
    package var tellsChannelsAtEnd: Bool

    package init(
        batches: Bool, isRepeatable: Bool, isSigned: Bool, keepsHeaders: [String] = [], isProxy: Bool = false, repeatsWhenStale: Bool = false,
        isCalledWithoutNews: Bool = false, contentType: String = "application/json", failureCode: CloseCode = .internalError,
        isAbandonedWhole: Bool = false, answersSome: Bool = false, tellsChannelsAtEnd: Bool = false
    ) {
        self.answersSome = answersSome
        self.tellsChannelsAtEnd = tellsChannelsAtEnd
        self.contentType = contentType
        self.failureCode = failureCode
        self.isAbandonedWhole = isAbandonedWhole
        self.repeatsWhenStale = repeatsWhenStale
        self.isCalledWithoutNews = isCalledWithoutNews
        self.isProxy = isProxy
        self.batches = batches
        self.isRepeatable = isRepeatable
        self.isSigned = isSigned
        self.keepsHeaders = keepsHeaders
    }
}
