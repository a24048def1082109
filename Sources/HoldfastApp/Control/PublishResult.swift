// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What became of a publication.
public struct PublishResult: Sendable, Hashable {
    /// How many subscribers it was sent to.
    public let delivered: Int
    /// Whether it was a repeat by channel and id, and nothing was sent.
    public let isDuplicate: Bool
}
