// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What became of one action of a list.
public struct ActionResult: Sendable, Hashable {
    /// The kinds of result.
    public struct Status: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// Done.
        public static let ok = Status(rawValue: "ok")
        /// No node has the connection that `to` names.
        public static let notFound = Status(rawValue: "notFound")
        /// A publication with this channel and id went out less than 60 s ago. Nothing was sent.
        public static let duplicate = Status(rawValue: "duplicate")
        /// The connection's queue is full, and its route drops what is new.
        public static let full = Status(rawValue: "full")
        /// It would pass a limit; ``ActionResult/detail`` says which.
        public static let refused = Status(rawValue: "refused")
        /// Another node holds the connection, and does not answer.
        public static let unreachable = Status(rawValue: "unreachable")
    }

    public let status: Status
    /// How many connections it reached, where that is told.
    public let delivered: Int?
    /// The id of the outbound connection that is being dialled.
    public let id: String?
    /// Why it was not done, where that is told.
    public let detail: String?

    /// The same as an error; `nil` when it was done, or need not be done again.
    func error(for target: String) -> ControlError? {
        switch status {
        case .ok, .duplicate: nil
        case .notFound:
            ControlError(.notFound, status: 404, title: "Not Found", detail: detail ?? "no node has an open connection of the id \(target)")
        case .full:
            ControlError(
                .full, status: 429, title: "Too Many Requests",
                detail: detail ?? "the client reads too slowly and its queue is full; the message was dropped")
        case .refused: ControlError(.limit, status: 409, title: "Conflict", detail: detail ?? "refused")
        case .unreachable:
            ControlError(
                .unavailable, status: 503, title: "Service Unavailable", detail: detail ?? "the node that holds this connection does not answer")
        default: ControlError(.unexpected, detail: "the gateway says \"\(status.rawValue)\", which this version does not know")
        }
    }
}

extension ActionResult: Decodable {
    private enum Key: String, CodingKey { case status, delivered, connection, detail }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        status = Status(rawValue: try members.decode(String.self, forKey: .status))
        delivered = try members.decodeIfPresent(Int.self, forKey: .delivered)
        id = try members.decodeIfPresent(String.self, forKey: .connection)
        detail = try members.decodeIfPresent(String.self, forKey: .detail)
    }
}
