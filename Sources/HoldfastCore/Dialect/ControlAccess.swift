// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Who may ask for what a request in a dialect's own convention asks for.
package enum ControlAccess: Equatable, Sendable {
    /// Whoever may use the control API.
    case controlToken
    /// Whoever asks: the dialect has looked at the key of its own convention itself, or the command is its refusal.
    case judged
    /// Nobody: the request lacks the key of this route's convention. Another route of the same may know it.
    case barred
    /// Whoever signs with the route's key; others get this answer.
    case signed(otherwise: ControlReply)
}
