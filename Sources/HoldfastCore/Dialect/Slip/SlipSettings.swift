// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a route of the `slip` dialect is set up with.
package struct SlipSettings: Equatable, Sendable {
    /// What tokens both ways are signed with, by HS256 (`JWT_SECRET`); `nil` for none: then requests to the app carry none, and the control
    /// requests of this convention are those of whoever may use the control API.
    package var jwtSecret: String?
    /// What the app hears beyond the convention as it was published: binary messages, how a connection ended.
    package var extended: Bool

    package init(jwtSecret: String? = nil, extended: Bool = true) {
        self.jwtSecret = jwtSecret
        self.extended = extended
    }
}
