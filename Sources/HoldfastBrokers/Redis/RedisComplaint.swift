// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What an error of a Redis server means for a connection.
struct RedisComplaint: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// Wrong credentials, or none.
        case login
        /// The user may not do this.
        case permission
        /// It will be over by itself: the server loads its data, is busy, or has no master.
        case passing
        /// The server is of a kind that cannot be used.
        case unsuitable
        /// The server did not understand, and hangs up.
        case protocolError
        case other
    }

    let text: String
    let kind: Kind

    init(_ text: String) {
        self.text = text
        switch text.prefix(while: { $0 != " " }) {
        case "NOAUTH", "WRONGPASS", "DENIED": kind = .login
        case "NOPERM": kind = .permission
        case "LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "MISCONF", "OOM", "NOREPLICAS": kind = .passing
        case "MOVED", "ASK", "CROSSSLOT": kind = .unsuitable
        default: kind = text.hasPrefix("ERR Protocol error") ? .protocolError : .other
        }
    }

    /// Why the server does not greet this node.
    func atHello(_ login: BusLogin) -> BusFailure {
        switch kind {
        case .login where login == .none && text.hasPrefix("NOAUTH"):
            .refused("the server asks for a password; it is given in the URL: redis://:password@host or redis://user:password@host")
        case .login: .refused("the server refuses this node: \(text)")
        case .permission: .refused("the user of the URL may not do what is needed (HELLO, SUBSCRIBE, PUBLISH, PING): \(text)")
        case .passing: .lost("the server is not ready: \(text)")
        case .unsuitable: .refused("the server cannot be used: \(text)")
        case .protocolError, .other:
            if text.lowercased().hasPrefix("err unknown command") || text.hasPrefix("NOPROTO") {
                .refused("the server is older than Redis 6, which is needed (or speaks no RESP3): \(text)")
            } else if text.hasPrefix("ERR AUTH") {
                .refused("the server refuses the password of the URL: \(text)")
            } else {
                .lost("the server did not greet: \(text)")
            }
        }
    }

    /// Why a server that has greeted cannot be used; `nil` where it can.
    static func unsuitable(_ hello: RESPValue) -> BusFailure? {
        guard let version = hello["version"]?.text, hello["proto"] == .number(3) else {
            return .refused("the server is older than Redis 6, which is needed (or speaks no RESP3)")
        }
        switch hello["mode"]?.text {
        case "cluster":
            return .refused("the server (version \(version)) is part of a Redis Cluster, which is not supported: name one that stands alone")
        case "sentinel": return .refused("the server (version \(version)) is a Sentinel, which is not supported: name the server itself")
        default: break
        }
        guard let role = hello["role"]?.text, role != "master" else { return nil }
        return .lost("the server is a \(role): what is published there does not reach its master")
    }
}
