// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a route of the `unsocket` dialect is set up with.
package struct UnsocketSettings: Equatable, Sendable {
    /// How webhooks are written: as the program's (an object with `messages`), or as its document's (a list).
    package enum Form: String, CaseIterable, Sendable {
        case object, array
    }

    /// Default `object`.
    package var form: Form
    /// Whether the app hears of connections that opened and closed, and of dials that failed. Default false.
    package var lifecycle: Bool
    /// Whether a connection that is lost is had again, where its connect entry does not say. Default true.
    package var reconnect: Bool
    /// Whether the app is told of a binary message as if it were text, as by the original: bytes that are no UTF-8 become U+FFFD. Default false.
    package var binaryAsText: Bool

    package init(form: Form = .object, lifecycle: Bool = false, reconnect: Bool = true, binaryAsText: Bool = false) {
        self.form = form
        self.lifecycle = lifecycle
        self.reconnect = reconnect
        self.binaryAsText = binaryAsText
    }

    /// The channel on which all connections of this dialect are: what is published there goes to each remote.
    package static let channel = "unsocket"

    /// The channel of the connection with this name.
    package static func channel(of name: String) -> String { "unsocket.\(name)" }
}
