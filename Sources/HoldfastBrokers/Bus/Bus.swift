// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
package import NIOCore

/// An engine that carries messages between nodes by subject, as the cluster needs it: what NATS and Redis have in common, and nothing else.
///
/// It promises: what one node publishes over one subject or several arrives in the order of publishing, at each node that was subscribed then. After a
/// connection to the engine breaks, what the engine has not confirmed is published again: a message may come twice, and who receives it has to
/// know it again. All methods may be called from any thread and return at once.
package protocol Bus: Sendable {
    /// What it is called in configuration and metrics: `nats`, `redis`.
    var name: String { get }

    /// How the connection does.
    var status: BusStatus { get }

    /// Connects, and from then on stays connected. Returns when the connection is there for the first time; tries for ever where nothing but the
    /// network is in the way.
    ///
    /// - Parameters:
    ///   - listener: is called on `loop`.
    /// - Throws: a ``BrokerError`` where trying again makes no sense: wrong credentials, no permission, TLS that cannot be agreed on.
    func start(on loop: any EventLoop, _ listener: any BusListener) async throws

    /// Sends what waits, for at most a second, and disconnects.
    func stop() async

    /// From here on messages with these subjects are wanted. Remembered, also before the start, and asked for again after each reconnect, in batches.
    func subscribe(_ subjects: [String])

    func unsubscribe(_ subjects: [String])

    /// Publishes messages in this order. While the engine is away they wait; beyond the bound the oldest are dropped and counted.
    func publish(_ messages: [BusMessage])

    /// While it is held, only what is urgent goes out, and all else waits in its order. Called on the bus's loop.
    func hold(_ isHeld: Bool)
}

/// Bytes and where they go.
package struct BusMessage: Equatable, Sendable {
    /// Letters, digits, `-`, `_` and dots between words: valid in every engine (``Subject``).
    package let subject: String
    package let bytes: ByteBuffer
    /// Whether it is worth nothing later: it is dropped, uncounted, where the engine cannot be reached just now.
    package let isFleeting: Bool
    /// Whether it goes out before what waits.
    package let isUrgent: Bool

    package init(subject: String, bytes: ByteBuffer, isFleeting: Bool = false, isUrgent: Bool = false) {
        self.isUrgent = isUrgent
        self.subject = subject
        self.bytes = bytes
        self.isFleeting = isFleeting
    }
}

/// Who hears what a bus brings. Called on the bus's loop.
package protocol BusListener: Sendable {
    /// What one read brought, in order. A bus may bring back what this node has published itself.
    func received(_ messages: [BusMessage])

    /// The connection came (back) and everything is subscribed, or it broke.
    func changed(isUp: Bool)

    /// The engine has refused to carry something that was published; that is lost.
    func refused(_ why: String)
}

/// How a bus does.
package struct BusStatus: Equatable, Sendable {
    package var isUp = false
    /// Which server it is connected to, without credentials.
    package var server: String?
    /// What went wrong last, in one sentence; `nil` while it is up.
    package var problem: String?
    package var dropped = 0
    package var queuedBytes = 0
    /// The largest message that the engine takes, as far as it is known.
    package var messageLimit = Int.max
    package var reconnects = 0

    package init() {}
}
