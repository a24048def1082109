// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// The servers of an engine, and which of them is tried next: all of them in a random order, round by round.
struct ServerList: Sendable {
    /// How many are kept that only servers have told of.
    static let maxLearned = 64

    private let configured: [BusAddress]
    private var learned: [BusAddress] = []
    /// What is left of this round.
    private var round: [BusAddress] = []

    init(_ configured: [BusAddress]) { self.configured = configured }

    var count: Int { configured.count + learned.count }

    /// Begins a round.
    ///
    /// - Parameter last: the server that was just lost: it is tried last.
    mutating func begin(last: BusAddress? = nil, using random: inout some RandomNumberGenerator) {
        round = (configured + learned).shuffled(using: &random)
        if let last, let place = round.firstIndex(where: { Self.isSame($0, last) }) { round.append(round.remove(at: place)) }
    }

    /// The next server of the round; `nil` when all have been tried.
    mutating func next() -> BusAddress? { round.isEmpty ? nil : round.removeFirst() }

    /// A server has told of others. They take the place of those that were told of before.
    mutating func learn(_ places: [HostPort], from server: BusAddress) {
        var found: [BusAddress] = []
        for place in places.prefix(Self.maxLearned) {
            let address = server.elsewhere(place)
            if !(configured + found).contains(where: { Self.isSame($0, address) }) { found.append(address) }
        }
        learned = found
    }

    private static func isSame(_ one: BusAddress, _ other: BusAddress) -> Bool { one.host == other.host && one.port == other.port }
}
