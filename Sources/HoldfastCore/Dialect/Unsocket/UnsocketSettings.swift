// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a route of the `unsocket` dialect is set up with.
package struct UnsocketSettings: Equatable, Sendable {
    /// How webhooks are written: as the program's (an object with `messages`), or as its document's (a list).
    package enum Form: String, CaseIterable, Sendable {
        case object, array
    }

    package var form: Form
    /// Whether the app hears of connections that opened and closed, and of dials that failed.
    package var lifecycle: Bool

    package init(form: Form = .object, lifecycle: Bool = false) {
        self.form = form
        self.lifecycle = lifecycle
    }

    /// The channel on which all connections of this dialect are: what is published there goes to each remote.
    package static let channel = "unsocket"

    /// The channel of the connection with this name.
    package static func channel(of name: String) -> String { "unsocket.\(name)" }
}
