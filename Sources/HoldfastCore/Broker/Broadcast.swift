// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire

/// What goes to every subscriber of a channel, on every node.
package enum Broadcast: Equatable, Sendable {
    case message(Publication)
    /// Closes every subscriber.
    case close(ChannelName, CloseCode, reason: String)

    package var channel: ChannelName {
        switch self {
        case .message(let publication): publication.channel
        case .close(let channel, _, _): channel
        }
    }
}
