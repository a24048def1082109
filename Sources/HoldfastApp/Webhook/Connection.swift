// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// A connection that the gateway holds, as a webhook of the `json` dialect tells of it.
public struct Connection: Sendable, Hashable {
    /// Who opened it.
    public enum Direction: String, Sendable, Hashable {
        /// A client came.
        case inbound
        /// The gateway dialled, on the app's word.
        case outbound
    }

    /// Its name, for actions. Take it as it is; what is inside may change.
    public let id: String
    public let direction: Direction
    /// The name of the gateway's route.
    public let route: String
    /// The address of the socket's other end.
    public let remoteAddress: String
    /// The path of the opening request, as sent.
    public let path: String
    /// Its query, as sent, without the question mark; empty when there was none.
    public let query: String
    /// The subprotocol that was chosen; `nil` for none.
    public let `protocol`: String?
    /// Headers of the opening request that the route's `forwardHeaders` names; `nil` where it names none.
    public let headers: HTTPFields?
    /// What the app keeps with it. In ``Answer/connection`` it follows the answer.
    public internal(set) var state: [String: String]
    /// The channels it is subscribed to. In ``Answer/connection`` they follow the answer.
    public internal(set) var channels: [String]

    /// A parameter of ``query``, decoded (a plus is a space); the first, if there are several. `nil` when there is none.
    public func queryValue(_ name: String) -> String? { QueryText.value(of: name, in: query) }
}

extension Connection: Decodable {
    private enum Key: String, CodingKey { case id, direction, route, remoteAddress, path, query, `protocol`, headers, state, channels }

    /// Only the id must be there: the gateway sends all, but somebody who tries an app by hand need not.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        id = try members.decode(String.self, forKey: .id)
        guard !id.isEmpty else { throw DecodingError.dataCorruptedError(forKey: .id, in: members, debugDescription: "empty") }
        let word = try members.decodeIfPresent(String.self, forKey: .direction) ?? Direction.inbound.rawValue
        guard let direction = Direction(rawValue: word) else {
            throw DecodingError.dataCorruptedError(
                forKey: .direction, in: members, debugDescription: "expected inbound or outbound, found \"\(word)\"")
        }
        self.direction = direction
        route = try members.decodeIfPresent(String.self, forKey: .route) ?? "default"
        remoteAddress = try members.decodeIfPresent(String.self, forKey: .remoteAddress) ?? ""
        path = try members.decodeIfPresent(String.self, forKey: .path) ?? "/"
        query = try members.decodeIfPresent(String.self, forKey: .query) ?? ""
        `protocol` = try members.decodeIfPresent(String.self, forKey: .protocol)
        headers = try members.decodeIfPresent(HeaderMap.self, forKey: .headers)?.fields
        state = try members.decodeIfPresent([String: String].self, forKey: .state) ?? [:]
        channels = try members.decodeIfPresent([String].self, forKey: .channels) ?? []
    }
}
