// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What never changes about a connection: one object, shared by all its webhooks.
package final class ConnectionFacts: Sendable {
    package enum Direction: String, Sendable {
        case inbound, outbound
    }

    package let id: ConnectionID
    /// The id as text: every webhook carries it.
    package let idText: String
    package let direction: Direction
    package let route: String
    package let remoteAddress: String
    package let path: String
    package let query: String
    /// The headers of the opening request that go with every webhook: the route's and the dialect's.
    package let headers: [OpeningRequest.Field]

    package init(id: ConnectionID, direction: Direction, route: String, request: OpeningRequest, keeping names: [String]) {
        self.id = id
        self.idText = id.description
        self.direction = direction
        self.route = route
        self.remoteAddress = request.remoteAddress
        self.path = request.path
        self.query = request.query
        self.headers = names.isEmpty ? [] : request.headers.filter { names.contains($0.name) }
    }
}

/// A connection as a dialect sees it at one moment.
package struct SessionView: Sendable {
    package let facts: ConnectionFacts
    /// The subprotocol that the app chose.
    package let chosenProtocol: String?
    package let state: ConnectionState
    /// In the order of subscription.
    package let channels: [ChannelName]

    package init(facts: ConnectionFacts, chosenProtocol: String? = nil, state: ConnectionState = ConnectionState(), channels: [ChannelName] = []) {
        self.facts = facts
        self.chosenProtocol = chosenProtocol
        self.state = state
        self.channels = channels
    }
}
