// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a GRIP app has set up on a connection. Immutable and shared: most connections of a route are set up alike.
package final class GripSession: Equatable, Sendable {
    /// Stands in front of each message that the app has for the client; `nil` before the app has asked for GRIP: then messages go as they are.
    package let messagePrefix: String?
    /// Facts for filters, such as `user`.
    package let meta: [String: String]
    /// The filters of subscriptions that have any.
    package let filters: [ChannelName: [GripFilter]]

    package init(messagePrefix: String? = nil, meta: [String: String] = [:], filters: [ChannelName: [GripFilter]] = [:]) {
        self.messagePrefix = messagePrefix
        self.meta = meta
        self.filters = filters
    }

    /// Whether publications may differ from one such connection to the next.
    package var hasFilters: Bool { !filters.isEmpty }

    package static func == (one: GripSession, other: GripSession) -> Bool {
        one === other || (one.messagePrefix == other.messagePrefix && one.meta == other.meta && one.filters == other.filters)
    }
}
