// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A held connection, as the control API shows it.
public struct ConnectionSummary: Sendable, Hashable, Decodable {
    /// Its name, for actions.
    public let id: String
    /// `inbound` or `outbound`.
    public let direction: String
    /// The name of the gateway's route.
    public let route: String
    /// What its webhooks speak, such as `json`.
    public let dialect: String
    /// The address of the socket's other end.
    public let remoteAddress: String
    /// The path of the opening request.
    public let path: String
    /// Its query without the question mark; empty when there was none.
    public let query: String
    /// The subprotocol that was chosen; `nil` for none.
    public let `protocol`: String?
    /// What the app keeps with it.
    public let state: [String: String]
    /// The channels it is subscribed to.
    public let channels: [String]
    /// Seconds since it was accepted.
    public let ageSeconds: Int
    /// Bytes that wait for a client that reads slowly.
    public let queuedBytes: Int
}
