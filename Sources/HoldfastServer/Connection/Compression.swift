// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What one connection compresses and inflates with. Where no context is kept it is the event loop's, for all connections that agreed alike.
final class Compression {
    let inflater: Inflater
    let deflater: Deflater
    /// Messages shorter than this go out as they are.
    let threshold: Int
    /// Whether what it compresses is good for every connection that has the same: then a publication is compressed once.
    let isShared: Bool

    init(inflater: Inflater, deflater: Deflater, threshold: Int, isShared: Bool) {
        self.inflater = inflater
        self.deflater = deflater
        self.threshold = threshold
        self.isShared = isShared
    }
}

/// Gives the connections of one event loop what they compress with.
struct CompressionShelf {
    private struct Kind: Hashable {
        let level: Int
        let windowBits: Int
    }

    /// Settings and agreements are few: 9 levels, 7 windows, and as many thresholds as there are routes, and one for who cannot compress.
    private struct Key: Hashable {
        let deflater: Kind
        let threshold: Int
    }

    private var shared: [Key: Compression] = [:]
    private var deflaters: [Kind: Deflater] = [:]
    private lazy var inflater = Inflater()

    /// - Parameter role: ours; the agreement speaks of both sides.
    mutating func compression(for agreement: DeflateAgreement, policy: CompressionPolicy, role: ConnectionRole = .server) -> Compression {
        let (own, peer) = (agreement.side(role), agreement.side(role.peer))
        // zlib cannot compress for a window of 2^8: who is held to that sends its messages as they are.
        let threshold = own.windowBits < 9 ? Int.max : policy.threshold
        let key = Key(deflater: Kind(level: policy.level, windowBits: max(9, own.windowBits)), threshold: threshold)
        let isStateless = !own.keepsContext && !peer.keepsContext
        if isStateless, let found = shared[key] { return found }
        let compression = Compression(
            inflater: peer.keepsContext ? Inflater(windowBits: peer.windowBits, keepsContext: true) : inflater,
            deflater: own.keepsContext ? ownDeflater(key.deflater) : sharedDeflater(key.deflater),
            threshold: threshold, isShared: !own.keepsContext)
        if isStateless { shared[key] = compression }
        return compression
    }

    private mutating func sharedDeflater(_ kind: Kind) -> Deflater {
        if let found = deflaters[kind] { return found }
        let deflater = Deflater(level: kind.level, windowBits: kind.windowBits, keepsContext: false)
        deflaters[kind] = deflater
        return deflater
    }

    private func ownDeflater(_ kind: Kind) -> Deflater { Deflater(level: kind.level, windowBits: kind.windowBits, keepsContext: true) }
}
