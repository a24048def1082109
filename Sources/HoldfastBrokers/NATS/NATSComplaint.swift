// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a NATS server's `-ERR` means for a connection.
enum NATSComplaint: Equatable, Sendable {
    /// This node may not come in: wrong credentials, or none.
    case login
    /// A message was not taken, for want of a permission.
    case publication
    /// A subscription was not taken, for want of a permission.
    case subscription
    /// Something else that leaves the connection as it is.
    case other
    /// The server closes the connection.
    case fatal

    init(_ text: String) {
        let text = text.lowercased()
        if text.hasPrefix("permissions violation for publish") {
            self = .publication
        } else if text.hasPrefix("permissions violation") {
            self = .subscription
        } else if Self.logins.contains(where: text.hasPrefix) {
            self = .login
        } else if Self.harmless.contains(where: text.hasPrefix) {
            self = .other
        } else {
            self = .fatal
        }
    }

    /// The subject that it is about: `Permissions Violation for Subscription to "subject"`.
    static func subject(in text: String) -> String? {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count >= 3 ? String(parts[1]) : nil
    }

    private static let logins = [
        "authorization violation", "user authentication expired", "user authentication revoked", "account authentication expired",
        "secure connection - tls required", "credentials", "invalid client protocol", "bcrypt",
    ]

    private static let harmless = ["invalid subject", "invalid publish subject", "maximum subscriptions exceeded", "unknown reserved"]

    /// What the server said, and where the credentials of this node come from.
    static func sentence(_ text: String, _ login: BusLogin) -> String {
        switch login {
        case .none:
            "the server refuses this node (\(text)); credentials are given in the URL, nats://user:password@host, or as cluster.credentialsFile"
        case .password, .token: "the server refuses the credentials in the URL (\(text))"
        case .credentials: "the server refuses what cluster.credentialsFile holds (\(text))"
        }
    }
}
