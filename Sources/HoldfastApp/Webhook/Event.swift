// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// Something that happened on a connection.
public struct Event: Sendable, Hashable {
    /// What happened.
    public enum Kind: Sendable, Hashable {
        /// Somebody wants to come in, or a remote was reached that the gateway dialled. Comes alone and first; the answer may accept or reject.
        case open(Opening)
        case message(Message)
        /// The connection has ended. Always the last.
        case close(Closing)
        /// Only where the route asks for pings. The gateway has answered it.
        case ping([UInt8])
        /// Only where the route asks for pongs.
        case pong([UInt8])
        /// An event of a later gateway, as it came. Safe to pass over.
        case unknown(type: String, JSONValue)
    }

    /// Counts the connection's events from 1 without gaps. An app that remembers the last one it has dealt with drops repeats by one comparison.
    public let seq: Int
    public let kind: Kind

    /// What asks for the connection.
    public struct Opening: Sendable, Hashable {
        /// The headers of the opening request; of an outbound connection, those of the remote's answer.
        public let headers: HTTPFields
        /// The subprotocols that the client offers, in its order of preference.
        public let protocols: [String]
        /// The client's address, where the event itself tells it (`slip`); `json` has ``Connection/remoteAddress``.
        public let ip: String?
    }

    /// How a connection ended.
    public struct Closing: Sendable, Hashable {
        /// The close code: the client's, the app's or the gateway's. 1005 where there was none, 1006 for a socket that was lost.
        public let code: Int
        /// Empty when none was given.
        public let reason: String
        /// Whether both sides exchanged close frames. `nil` where the dialect does not tell.
        public let isClean: Bool?
        /// Why the gateway ended it, in words, if it did.
        public let error: String?
    }
}

extension Event.Kind {
    /// The event's name in the `json` dialect.
    public var type: String {
        switch self {
        case .open: "open"
        case .message: "message"
        case .close: "close"
        case .ping: "ping"
        case .pong: "pong"
        case .unknown(let type, _): type
        }
    }
}

extension Event: Decodable {
    private enum Key: String, CodingKey { case seq, type, headers, protocols, text, base64, code, reason, clean, error }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        seq = try members.decode(Int.self, forKey: .seq)
        switch try members.decode(String.self, forKey: .type) {
        case "open":
            kind = .open(
                Opening(
                    headers: try members.decodeIfPresent(HeaderMap.self, forKey: .headers)?.fields ?? [:],
                    protocols: try members.decodeIfPresent([String].self, forKey: .protocols) ?? [], ip: nil))
        case "message": kind = .message(try Self.message(members))
        case "close":
            kind = .close(
                Closing(
                    code: try members.decode(Int.self, forKey: .code), reason: try members.decodeIfPresent(String.self, forKey: .reason) ?? "",
                    isClean: try members.decodeIfPresent(Bool.self, forKey: .clean),
                    error: try members.decodeIfPresent(String.self, forKey: .error)))
        case "ping": kind = .ping(try Self.bytes(members))
        case "pong": kind = .pong(try Self.bytes(members))
        case let type: kind = .unknown(type: type, try JSONValue(from: decoder))
        }
    }

    private static func message(_ members: KeyedDecodingContainer<Key>) throws -> Message {
        guard members.contains(.text) != members.contains(.base64) else {
            let found = members.contains(.text) ? "both" : "none"
            throw DecodingError.dataCorrupted(
                .init(codingPath: members.codingPath, debugDescription: "expected exactly one of text, base64, found \(found)"))
        }
        return members.contains(.text) ? .text(try members.decode(String.self, forKey: .text)) : .binary(try bytes(members))
    }

    private static func bytes(_ members: KeyedDecodingContainer<Key>) throws -> [UInt8] {
        guard let bytes = Base64Text.decode(try members.decode(String.self, forKey: .base64)) else {
            throw DecodingError.dataCorruptedError(forKey: .base64, in: members, debugDescription: "not base64")
        }
        return bytes
    }
}
