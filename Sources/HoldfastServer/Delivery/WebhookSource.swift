// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Who has events for an app: a connection, as its pool sees it.
protocol WebhookSource: AnyObject {
    /// Whether a client waits for the answer to its opening request.
    var isOpening: Bool { get }

    /// A place is free: the request to send, made only now so that it carries all that has happened meanwhile.
    ///
    /// - Returns: `nil` when there is nothing to send any more.
    func webhookRequest() -> OutgoingWebhook?

    /// The app answered, with whatever status. The body is valid only during the call.
    func webhookAnswered(_ response: HTTPResponseMessage)

    /// No answer came.
    func webhookFailed(_ failure: DeliveryFailure)
}

/// A request as bytes, and what must be known when it fails.
struct OutgoingWebhook {
    let bytes: ByteBuffer
    /// Whether it may be sent again when a kept-alive connection breaks under it.
    let isRepeatable: Bool
}
