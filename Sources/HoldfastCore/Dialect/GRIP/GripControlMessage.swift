// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What an app orders by a control message: a text message to the client's WebSocket that begins with `c:`. The client never sees it.
package enum GripControlMessage: Equatable, Sendable {
    /// The channel is not empty. The filters are names as the app wrote them, at most ``GripFilter/maxPerSubscription``; unknown ones have no
    /// effect. Where there is a previous id (a member `prev-id`, which only Holdfast knows), no publication after that one may be missed.
    case subscribe(channel: String, filters: [String], previousID: String?)
    /// The channel is not empty.
    case unsubscribe(channel: String)
    /// The app wants to hear of the connection no more.
    case detach
    /// `nil` clears the session's id.
    case session(id: String?)
    /// The name is not empty; `nil` deletes the value.
    case setMeta(name: String, value: String?)
    /// `nil` for no keep-alive.
    case keepAlive(TimedMessage?)
    case sendDelayed(TimedMessage)
    case flushDelayed
}
