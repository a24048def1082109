// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A channel that has subscribers.
public struct ChannelSummary: Sendable, Hashable, Decodable {
    public let name: String
    public let subscribers: Int
}
