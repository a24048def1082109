// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

@testable import HoldfastBrokers

/// All that a session says about some bytes, however they are cut.
extension BusSession {
    /// The news of several reads as if they were one, up to the first failure.
    mutating func receive(all parts: [ByteBuffer]) -> BusNews {
        parts.reduce(into: BusNews()) { news, part in
            let new = receive(part)
            news.messages += new.messages
            news.confirmed += new.confirmed
            news.refused += new.refused
            news.events += new.events
            if news.failure == nil { news.failure = new.failure }
        }
    }

    mutating func receive(_ text: String) -> BusNews { receive(ByteBuffer(string: text)) }

    /// What is to be sent; empty behind it.
    mutating func said() -> String {
        defer { output.clear() }
        return String(buffer: output)
    }
}

enum Splitting {
    /// ``all(_:)`` of a short text; a long one whole, and in pieces of a thousand.
    static func some(_ text: String) -> [[ByteBuffer]] {
        guard text.utf8.count > 200 else { return all(text) }
        let bytes = Array(text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 1000).map { ByteBuffer(bytes: bytes[$0..<min($0 + 1000, bytes.count)]) }
        return [[ByteBuffer(bytes: bytes)], pieces]
    }

    /// The bytes whole, one by one, and cut once at each place.
    static func all(_ text: String) -> [[ByteBuffer]] {
        let bytes = Array(text.utf8)
        let cuts = bytes.indices.dropFirst().map { [ByteBuffer(bytes: bytes[..<$0]), ByteBuffer(bytes: bytes[$0...])] }
        return [[ByteBuffer(bytes: bytes)], bytes.map { ByteBuffer(bytes: [$0]) }] + cuts
    }
}

/// Random numbers that are the same each time (SplitMix64).
struct FixedRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension BusOpening {
    static func plain(_ login: BusLogin = .none, _ encryption: Encryption = .ifAsked) -> BusOpening {
        BusOpening(login: login, clientName: "holdfast-a", version: "1.0", encryption: encryption)
    }
}

extension BusMessage {
    static func text(_ subject: String, _ text: String, isFleeting: Bool = false, isUrgent: Bool = false) -> BusMessage {
        BusMessage(subject: subject, bytes: ByteBuffer(string: text), isFleeting: isFleeting, isUrgent: isUrgent)
    }
}
