// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What an app may order of one connection beyond messages, closing, channels and state.
package enum ConnectionControl: Equatable, Sendable {
    /// Sends a ping frame; at most 125 bytes.
    case ping(ByteBuffer)
    /// Sends a pong frame; at most 125 bytes.
    case pong(ByteBuffer)
    /// Cuts the connection, without a close frame.
    case disconnect
    /// The app hears of the connection no more, and what the client sends is dropped; publications go on.
    case detach
    /// The app is called, with what waits for it, or with nothing.
    case refresh
    /// The app is called whenever it has not been for this long; `nil` for never.
    case poll(every: Duration?)
    /// A message that the gateway sends again and again; `nil` for none.
    case keepAlive(TimedMessage?)
    /// A message for later; one that waits already is sent at once.
    case sendLater(TimedMessage)
    /// Sends the message that waits.
    case flushLater
    /// What a GRIP app has set up, as it is from now on.
    case remember(GripSession)
    /// Publications of a channel are to follow the one of this id; where one is missing, the app is asked.
    case follow(ChannelName, from: String)
    /// Something that the app sent has no effect: a line for the log.
    case warn(String)
}

/// A message that a clock sends.
package struct TimedMessage: Equatable, Sendable {
    package enum Form: String, Sendable {
        case text, binary, ping, pong
    }

    package let form: Form
    package let bytes: ByteBuffer
    package let after: Duration
    /// Whether only time counts: otherwise each message to the client begins it anew.
    package let isInterval: Bool

    package init(form: Form, bytes: ByteBuffer, after: Duration, isInterval: Bool = false) {
        self.form = form
        self.bytes = bytes
        self.after = after
        self.isInterval = isInterval
    }
}
