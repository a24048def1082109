// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What an app calls one of its connections. Without a name of its own it is its place among the connect entries: "1", "2", and so on.
enum UnsocketName {
    static let maxBytes = 128
    /// What is accepted, for error messages.
    static let rule = "expected a name of 1 to \(maxBytes) bytes without control characters"

    /// The key of the connection's state that holds its name.
    static let stateKey = "connection"
    /// The key of the state that is set where webhooks must say which connection they are about: the app named it, or has several.
    static let tagKey = "tagged"

    /// The channel of the connection with this name; `nil` where it breaks the ``rule``.
    static func channel(_ name: String) -> ChannelName? {
        name.isEmpty || name.utf8.count > maxBytes ? nil : ChannelName(UnsocketSettings.channel(of: name))
    }

    /// The name that webhooks of this connection say; `nil` where there is but one connection, and the app has given it no name.
    static func shown(_ session: SessionView) -> String? {
        session.state[tagKey] == nil ? nil : session.state[stateKey]
    }
}
