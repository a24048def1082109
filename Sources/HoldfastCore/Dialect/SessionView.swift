// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire

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
    /// What each webhook of the connection says of the opening request, where the dialect makes that once for all of them.
    package let webhookHead: SplitHead?

    package convenience init(
        id: ConnectionID, direction: Direction, route: String, request: OpeningRequest, keeping names: [String], webhookHead: SplitHead? = nil
    ) {
        self.init(
            id: id, direction: direction, route: route, request: request,
            kept: names.isEmpty ? [] : request.headers.filter { names.contains($0.name) }, webhookHead: webhookHead)
    }

    /// - Parameter headers: those of the request that go with every webhook.
    init(
        id: ConnectionID, direction: Direction, route: String, request: OpeningRequest, kept headers: [OpeningRequest.Field],
        webhookHead: SplitHead?
    ) {
        self.webhookHead = webhookHead
        self.id = id
        self.idText = id.description
        self.direction = direction
        self.route = route
        self.remoteAddress = request.remoteAddress
        self.path = request.path
        self.query = request.query
        self.headers = headers
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
    /// What a GRIP app has set up; `nil` where nothing.
    package let grip: GripSession?
    /// How many content bytes at the head of what waits were offered to the app before.
    package let replayedBytes: Int
    /// Channels of which publications are missing, each with the id of the last one that came.
    package let gaps: [ChannelGap]

    package init(
        facts: ConnectionFacts, chosenProtocol: String? = nil, state: ConnectionState = ConnectionState(), channels: [ChannelName] = [],
        grip: GripSession? = nil, replayedBytes: Int = 0, gaps: [ChannelGap] = []
    ) {
        self.grip = grip
        self.replayedBytes = replayedBytes
        self.gaps = gaps
        self.facts = facts
        self.chosenProtocol = chosenProtocol
        self.state = state
        self.channels = channels
    }
}

/// A channel of which publications are missing.
package struct ChannelGap: Equatable, Sendable {
    package let channel: ChannelName
    /// The id of the last publication that came.
    package let lastID: String

    package init(channel: ChannelName, lastID: String) {
        self.channel = channel
        self.lastID = lastID
    }
}
