// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// One message for all subscribers of a channel.
package struct Publication: Equatable, Sendable {
    package let channel: ChannelName
    /// What WebSockets get, unless ``details`` say otherwise.
    package let payload: Payload
    /// Subscribers that do not get it.
    package let except: [ConnectionID]
    /// A second publication of the same channel and id within 60 seconds is not delivered.
    package let id: String?
    /// What only some publications have; `nil` for a plain message.
    package let details: PublicationDetails?

    package init(channel: ChannelName, payload: Payload, except: [ConnectionID] = [], id: String? = nil, details: PublicationDetails? = nil) {
        self.channel = channel
        self.payload = payload
        self.except = except
        self.id = id
        self.details = details
    }
}

/// What a publication may have beyond a message for WebSockets: its place in an order, facts for filters, and other forms of it for requests that
/// are held (GRIP). One object, shared by all event loops.
package final class PublicationDetails: Equatable, Sendable {
    /// What WebSockets get.
    package enum WebSocketForm: Equatable, Sendable {
        /// The publication's payload.
        case message
        case ping(ByteBuffer)
        case pong(ByteBuffer)
        /// They are closed; ``CloseCode/none`` for a close frame without a code.
        case close(CloseCode, reason: String)
        /// Nothing; the app is asked about each of them.
        case refresh
        /// Nothing.
        case none
    }

    package let webSocket: WebSocketForm
    /// Content filters that a WebSocket's subscription must have, exactly these and in this order, to get it; `nil` where it does not matter.
    package let webSocketFilters: [String]?
    /// For requests held in response mode.
    package let response: HeldResponseContent?
    /// For requests held in stream mode.
    package let stream: HeldStreamContent?
    /// Facts for filters, such as `sender`.
    package let meta: [String: String]
    /// The id of the publication before it on the channel: until that one has gone out, this one waits.
    package let previousID: String?
    /// Whether it goes out at once, whatever its place in the order.
    package let isUnordered: Bool

    package init(
        webSocket: WebSocketForm = .message, webSocketFilters: [String]? = nil, response: HeldResponseContent? = nil,
        stream: HeldStreamContent? = nil,
        meta: [String: String] = [:], previousID: String? = nil, isUnordered: Bool = false
    ) {
        self.webSocket = webSocket
        self.webSocketFilters = webSocketFilters
        self.response = response
        self.stream = stream
        self.meta = meta
        self.previousID = previousID
        self.isUnordered = isUnordered
    }

    package static func == (one: PublicationDetails, other: PublicationDetails) -> Bool {
        one.webSocket == other.webSocket && one.webSocketFilters == other.webSocketFilters && one.response == other.response
            && one.stream == other.stream && one.meta == other.meta && one.previousID == other.previousID && one.isUnordered == other.isUnordered
    }
}

/// What a publication is for a request that is held in response mode (GRIP's `http-response`).
package struct HeldResponseContent: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Answers the request.
        case send
        /// The request is made again.
        case hint
    }

    package enum Body: Equatable, Sendable {
        case bytes(ByteBuffer)
        /// A JSON Patch (RFC 6902) for the body of the response that is held.
        case patch(JSONValueBox)
    }

    package let action: Action
    package let status: Int
    /// `nil` for the status's usual phrase.
    package let reason: String?
    /// In order; each replaces the held response's field of that name.
    package let headers: [OpeningRequest.Field]
    package let body: Body
    /// As ``PublicationDetails/webSocketFilters``.
    package let filters: [String]?

    package init(
        action: Action = .send, status: Int = 200, reason: String? = nil, headers: [OpeningRequest.Field] = [], body: Body, filters: [String]? = nil
    ) {
        self.action = action
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.filters = filters
    }
}

/// What a publication is for a request that is held in stream mode (GRIP's `http-stream`).
package struct HeldStreamContent: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Appended to the response.
        case send(ByteBuffer)
        /// The response ends.
        case close
        /// The next link is fetched.
        case hint
    }

    package let action: Action
    /// As ``PublicationDetails/webSocketFilters``.
    package let filters: [String]?

    package init(action: Action, filters: [String]? = nil) {
        self.action = action
        self.filters = filters
    }
}

/// A JSON document that is compared by its bytes.
package struct JSONValueBox: Equatable, Sendable {
    package let value: JSONValue

    package init(_ value: JSONValue) { self.value = value }

    package static func == (one: JSONValueBox, other: JSONValueBox) -> Bool { one.value.source == other.value.source }
}
