// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What is to be done for a held request, in order.
package enum HoldOrder: Equatable, Sendable {
    /// The request listens to the channel from now on.
    case subscribe(ChannelName)
    case unsubscribe(ChannelName)
    /// What is remembered as a channel's last id is in doubt and is to be forgotten (``ChannelSequencer``).
    case forget(ChannelName)
    /// This is the whole response; the request is over.
    case respond(HeldResponse)
    /// The response begins: status, reason and headers; its body is empty here. ``write(_:)`` follows, and ``end``.
    case begin(HeldResponse)
    /// More of the response's body. Never empty.
    case write(ByteBuffer)
    /// The response is complete; the request is over.
    case end
    /// The response cannot be completed: the connection is broken off, so that the client can tell. The request is over.
    case breakOff
    /// The request is made again as it came, with a header `Grip-Last` for each of these (``GripLast``). Its answer goes to
    /// ``HoldMachine/begin(_:bodyFollows:at:lastID:)`` when it is an instruction; else ``HoldMachine/passedOn()`` is called and it is passed on.
    case requestAgain([HoldGap])
    /// This is fetched (GET), with a header `Grip-Last` for each gap. Its answer goes to ``HoldMachine/linkAnswered(status:_:bodyFollows:at:jitter:)``.
    case fetch(HoldURI, [HoldGap])
    /// What was ordered by ``fetch(_:_:)`` or ``requestAgain(_:)`` and is still on its way is not wanted any more: it is dropped, and no more is
    /// told of it.
    case cancel
    /// An empty POST goes there; nobody waits for its answer.
    case postGone(HoldURI)
    /// Nothing is done; the cause of a trouble, for the log.
    case report(String)
}

/// A channel, by the app's own name for it, and the last publication of it that the client's response takes into account.
package struct HoldGap: Equatable, Sendable {
    package let channel: ChannelName
    package let lastID: String

    package init(channel: ChannelName, lastID: String) {
        self.channel = channel
        self.lastID = lastID
    }
}
