// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

extension DeflateAgreement {
    /// What comes of a client's offer and a route's wish.
    static func sample(_ parameters: String = "", wish: Wish = Wish()) throws -> DeflateAgreement {
        let offers = try #require(ExtensionOffer.list(["permessage-deflate" + parameters]))
        return try #require(choose(among: offers, wish: wish))
    }
}

extension DeflateAgreement.Wish {
    /// Both sides remember earlier messages.
    static let keeping = DeflateAgreement.Wish(contextTakeover: true, windowBits: 12)
}

extension Payload {
    /// Text that shrinks well.
    static let long = Payload.text(ByteBuffer(string: String(repeating: "a line that comes again and again\n", count: 40)))

    /// Bytes that do not shrink at all.
    static let noise: Payload = {
        var random = QuickRandom(seed: 5)
        var bytes = ByteBuffer()
        for _ in 0..<128 { bytes.writeInteger(random.next()) }
        return .binary(bytes)
    }()
}

extension ByteBuffer {
    /// The message in a server's frame, and whether it came compressed.
    func message(_ inflater: Inflater = Inflater()) throws -> (step: MessageReader.Step, isCompressed: Bool) {
        var reader = MessageReader(expectsMask: false, maxMessageBytes: 1 << 20)
        var bytes = self
        let first = try #require(bytes.getInteger(at: bytes.readerIndex, as: UInt8.self))
        let step = try reader.next(from: &bytes, inflater: inflater)
        #expect(bytes.readableBytes == 0, "one frame and nothing more")
        return (step, first & 0x40 != 0)
    }

    /// Where its first byte is: the same for two buffers only when they share their storage.
    var place: UInt { withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } }
}
