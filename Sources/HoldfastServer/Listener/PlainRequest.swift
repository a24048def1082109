// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// A request on a client's connection that is no WebSocket handshake, from its head to the end of its answer.
///
/// The ``OpeningHandler`` tells it what the client does. It writes its answer there, and says when that is over.
protocol PlainRequest: AnyObject {
    /// Whether all of it has come. What comes then belongs to the next.
    var isRequestWhole: Bool { get }
    /// Whether the client's next bytes are wanted now.
    var takesMore: Bool { get }

    func bodyReceived(_ part: ByteBuffer)
    func requestEnded()

    /// The client's connection is gone.
    func clientLeft()
    /// What the client sends as its body is not HTTP.
    func clientBroke(_ message: String)
    func writabilityChanged()

    func reminded(at now: MonotonicTime)
    /// The gateway is shutting down: what can be ended is to be ended at `moment`.
    func drain(at moment: MonotonicTime)
}

extension HTTPExchange: PlainRequest {}
