// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What a NATS server says about itself, at the beginning and whenever it changes.
struct NATSInfo: Equatable, Sendable {
    /// The largest message that it takes.
    let maxPayload: Int
    let requiresTLS: Bool
    let offersTLS: Bool
    /// What credentials have to sign.
    let nonce: String?
    /// The servers of its cluster that clients may use.
    let servers: [HostPort]
    /// Whether it is about to go (lame duck mode).
    let isLeaving: Bool

    /// How many servers of a cluster are kept in mind.
    static let maxServers = 64

    /// - Returns: `nil` for what is no JSON object.
    init?(_ json: ByteBuffer) {
        guard let value = try? JSONReader.parse(json), value.object != nil else { return nil }
        // A server that says nothing about it has its default: 1 MiB.
        maxPayload = max(1, value["max_payload"]?.integer ?? 1 << 20)
        requiresTLS = value["tls_required"]?.bool ?? false
        offersTLS = requiresTLS || value["tls_available"]?.bool ?? false
        nonce = value["nonce"]?.string
        servers = (value["connect_urls"]?.array ?? []).prefix(Self.maxServers).compactMap { $0.string.flatMap { HostPort($0, defaultPort: 4222) } }
            .filter { !$0.host.isEmpty && $0.port > 0 }
        isLeaving = value["ldm"]?.bool ?? false
    }
}
