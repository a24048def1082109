// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a client calls a compressed message.
///
/// Never a crash. Never more than the limit. Never another result because of what the inflater was given before, for one inflater serves many
/// connections: nothing of one may show in the messages of another.
enum Inflate {
    static let target = FuzzTarget(name: "Inflate", maxLength: 1024) { input in
        var input = input
        let limit = input.choice([0, 1, 10, 100, 1000, 65536, 1 << 20])
        let windowBits = 8 + Int(input.byte()) % 8
        let bytes = ByteBuffer.amid(input.rest)

        let fresh = outcome(of: bytes, limit, Inflater(windowBits: windowBits))
        if case .success(let made) = fresh { claim(made.readableBytes <= limit, "\(made.readableBytes) bytes, but \(limit) are the limit") }

        let used = Inflater(windowBits: windowBits)
        let secret = ByteBuffer(repeating: 0x73, count: 300)
        claim(outcome(of: compressed(secret), 300, used) == .success(secret), "our own message is refused")
        claim(outcome(of: bytes, limit, used) == fresh, "another result after another message")
        claim(outcome(of: compressed(secret), 300, used) == .success(secret), "our own message is refused after a stranger's")
        claim(outcome(of: bytes, limit, used) == fresh, "another result the third time")

        // With its context kept the same must hold of the first message.
        let keeping = Inflater(windowBits: windowBits, keepsContext: true)
        claim(outcome(of: bytes, limit, keeping) == fresh, "another result where the context is kept")
        if case .success = fresh, case .success(let made) = outcome(of: bytes, limit, keeping) {
            claim(made.readableBytes <= limit, "\(made.readableBytes) bytes the second time, but \(limit) are the limit")
        }
    }

    private static func outcome(of bytes: ByteBuffer, _ limit: Int, _ inflater: Inflater) -> Result<ByteBuffer, Violation> {
        do throws(Violation) { return .success(try inflater.inflate(bytes, limit: limit)) } catch { return .failure(error) }
    }

    private static func compressed(_ message: ByteBuffer) -> ByteBuffer {
        // A run of one byte needs no window to speak of.
        Deflater(level: 1, windowBits: 9, keepsContext: false).deflate(message)
    }
}
