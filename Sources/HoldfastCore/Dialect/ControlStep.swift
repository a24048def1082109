// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One thing that a control request has done, in its turn.
package enum ControlStep: Equatable, Sendable {
    case action(Action)
    /// Waits until a connection is open, at most so long. The result is one delivery, or that it was not found.
    case wait(for: ConnectionID, atMost: Duration)
}
