// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a route of the `slip` dialect is set up with.
package struct SlipSettings: Equatable, Sendable {
    /// What tokens both ways are signed with, by HS256 (`JWT_SECRET`); `nil` for none: then requests to the app carry none, and the control
    /// requests of this convention are those of whoever may use the control API.
    package var jwtSecret: String?
    /// Whether the app hears more than the convention had as it was published: binary messages, how a connection ended, the opening request with
    /// the event, what became of each control event. Without it a client that sends a binary message is closed with 1003, as it was there.
    package var extended: Bool
    /// Whether one request may carry several events that came while the app was busy. The published gateway always sent one.
    package var batches: Bool

    package init(jwtSecret: String? = nil, extended: Bool = true, batches: Bool = false) {
        self.jwtSecret = jwtSecret
        self.extended = extended
        self.batches = batches
    }
}
