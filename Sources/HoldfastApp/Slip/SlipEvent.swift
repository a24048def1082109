// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// Something that happened on a connection of the `slip` dialect, told as in the `json` dialect. The convention does not count events.
public struct SlipEvent: Sendable, Hashable {
    public let kind: Event.Kind
    /// The path of the opening request, where an `open` tells it.
    public let path: String?
    /// Its query without the question mark, where an `open` tells it.
    public let query: String?
}

extension SlipEvent: Decodable {
    private enum Key: String, CodingKey { case type, data, headers, ip, subprotocols, protocols, path, query, code, reason, clean }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        let type = try members.decode(String.self, forKey: .type)
        path = try? members.decodeIfPresent(String.self, forKey: .path)
        query = try? members.decodeIfPresent(String.self, forKey: .query)
        switch type {
        case "OPEN":
            let named = try members.decodeIfPresent([String].self, forKey: .subprotocols)
            kind = .open(
                Event.Opening(
                    headers: try members.decodeIfPresent(HeaderMap.self, forKey: .headers)?.fields ?? [:],
                    protocols: try named ?? members.decodeIfPresent([String].self, forKey: .protocols) ?? [],
                    ip: try members.decodeIfPresent(String.self, forKey: .ip)))
        case "TEXT": kind = .message(.text(try members.decode(String.self, forKey: .data)))
        case "BINARY": kind = .message(.binary(try Self.bytes(members)))
        case "CLOSE":
            kind = .close(
                Event.Closing(
                    code: try members.decodeIfPresent(Int.self, forKey: .code) ?? 1005,
                    reason: try members.decodeIfPresent(String.self, forKey: .reason) ?? "",
                    isClean: try members.decodeIfPresent(Bool.self, forKey: .clean), error: nil))
        case "PING": kind = .ping(try Self.bytes(members))
        case "PONG": kind = .pong(try Self.bytes(members))
        default: kind = .unknown(type: type, try JSONValue(from: decoder))
        }
    }

    private static func bytes(_ members: KeyedDecodingContainer<Key>) throws -> [UInt8] {
        guard let bytes = Base64Text.decode(try members.decode(String.self, forKey: .data)) else {
            throw DecodingError.dataCorruptedError(forKey: .data, in: members, debugDescription: "not base64")
        }
        return bytes
    }

    /// An `open` of the convention as it was published tells headers and address in the metadata only.
    func completed(from metadata: JSONValue) -> SlipEvent {
        guard case .open(let opening) = kind, opening.headers.isEmpty else { return self }
        var fields = opening.headers
        for (name, value) in (metadata["headers"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) { fields.add(name, value) }
        let complete = Event.Opening(headers: fields, protocols: opening.protocols, ip: opening.ip ?? metadata["ip"]?.stringValue)
        return SlipEvent(kind: .open(complete), path: path, query: query)
    }
}
