// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The bounds of one connection on a route.
package struct ConnectionLimits: Equatable, Sendable {
    /// The longest message from the client, in bytes. Beyond it: close 1009. Default 1 MiB.
    package var maxMessageBytes: Int
    /// Events that wait for the app before the socket is no longer read. Default 64.
    package var queueEvents: Int
    /// Bytes that wait for the app before the socket is no longer read. Default 1 MiB.
    package var queueBytes: Int
    /// Bytes that wait for the client; see ``SlowReaderPolicy``. Default 1 MiB.
    package var sendQueueBytes: Int
    /// What happens at ``sendQueueBytes``. Default ``SlowReaderPolicy/close``.
    package var slowReader: SlowReaderPolicy
    /// Channels that one connection may be subscribed to. Beyond it: the app's answer is refused. Default 128.
    package var maxChannels: Int
    /// Bytes of a connection's state. Beyond it: the app's answer is refused. Default 4 KiB.
    package var maxStateBytes: Int

    package init(
        maxMessageBytes: Int = 1 << 20, queueEvents: Int = 64, queueBytes: Int = 1 << 20, sendQueueBytes: Int = 1 << 20,
        slowReader: SlowReaderPolicy = .close, maxChannels: Int = 128, maxStateBytes: Int = 4096
    ) {
        self.maxMessageBytes = maxMessageBytes
        self.queueEvents = queueEvents
        self.queueBytes = queueBytes
        self.sendQueueBytes = sendQueueBytes
        self.slowReader = slowReader
        self.maxChannels = maxChannels
        self.maxStateBytes = maxStateBytes
    }
}
