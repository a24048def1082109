// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct OutgoingMessageTests {
    private func compression(
        _ shelf: inout CompressionShelf, _ parameters: String = "", threshold: Int = 256, wish: DeflateAgreement.Wish = .init()
    ) throws
        -> Compression
    {
        shelf.compression(for: try .sample(parameters, wish: wish), policy: CompressionPolicy(threshold: threshold, wish: wish))
    }

    // MARK: Plain

    @Test func plainFrameIsTheMessageWithItsOpcode() throws {
        for payload in [Payload.long, .noise, .text(ByteBuffer()), .binary(ByteBuffer(string: "x"))] {
            let message = OutgoingMessage(payload)
            let (step, isCompressed) = try message.plain.message()
            #expect(!isCompressed)
            switch payload {
            case .text(let bytes): #expect(step == .text(bytes))
            case .binary(let bytes): #expect(step == .binary(bytes))
            }
        }
    }

    @Test(arguments: [0, 1, 255, 256, 257])
    func messagesBelowTheThresholdGoOutAsTheyAre(size: Int) throws {
        var shelf = CompressionShelf()
        var message = OutgoingMessage(.text(ByteBuffer(repeating: 0x61, count: size)))
        for wish in [DeflateAgreement.Wish(), .keeping] {
            let frame = message.frame(for: try compression(&shelf, wish: wish))
            let (step, isCompressed) = try frame.message()
            #expect(step == .text(ByteBuffer(repeating: 0x61, count: size)))
            #expect(isCompressed == (size >= 256))
            #expect((frame.place == message.plain.place) == (size < 256))
        }
    }

    @Test func aThresholdOfNothingCompressesAllButTheEmptyMessage() throws {
        var shelf = CompressionShelf()
        let compression = try compression(&shelf, threshold: 0)
        var empty = OutgoingMessage(.text(ByteBuffer()))
        #expect(empty.frame(for: compression) == empty.plain)
        var short = OutgoingMessage(.text(ByteBuffer(string: "aaaaaaaaaaaaaaaaaaaa")))
        #expect(try short.frame(for: compression).message().isCompressed)
    }

    @Test func whatDoesNotShrinkGoesOutAsItIs() throws {
        var shelf = CompressionShelf()
        let compression = try compression(&shelf)
        var message = OutgoingMessage(.noise)
        for _ in 0..<2 {
            let frame = message.frame(for: compression)
            #expect(frame == message.plain)
            #expect(frame.place == message.plain.place)
        }
    }

    // MARK: Compressed once

    @Test func compressedFrameIsTheMessage() throws {
        var shelf = CompressionShelf()
        var message = OutgoingMessage(.long)
        let frame = message.frame(for: try compression(&shelf))
        let (step, isCompressed) = try frame.message()
        #expect(isCompressed)
        #expect(step == .text(Payload.long.bytes))
        #expect(frame.readableBytes < message.plain.readableBytes / 4)
        var binary = OutgoingMessage(.binary(Payload.long.bytes))
        #expect(try binary.frame(for: try compression(&shelf)).message().step == .binary(Payload.long.bytes))
    }

    @Test func clientsThatAgreedAlikeShareOneFrame() throws {
        var shelf = CompressionShelf()
        var message = OutgoingMessage(.long)
        let first = message.frame(for: try compression(&shelf))
        // Two that differ in nothing, one of another threshold, and one whose own messages refer back, which is no matter of ours.
        let alike = [
            try compression(&shelf), try compression(&shelf, "; client_max_window_bits"), try compression(&shelf, threshold: 10),
            try compression(&shelf, "; server_no_context_takeover", wish: .keeping),
        ]
        for compression in alike { #expect(message.frame(for: compression).place == first.place) }
    }

    @Test func anotherWindowIsAnotherFrame() throws {
        var shelf = CompressionShelf()
        var message = OutgoingMessage(.long)
        let wide = try compression(&shelf)
        let narrow = try compression(&shelf, "; server_max_window_bits=9")
        let frames = [message.frame(for: wide), message.frame(for: narrow), message.frame(for: wide), message.frame(for: narrow)]
        #expect(frames[0].place == frames[2].place)
        #expect(frames[1].place == frames[3].place)
        #expect(frames[0].place != frames[1].place)
        for frame in frames { #expect(try frame.message().step == .text(Payload.long.bytes)) }
    }

    @Test func eachMessageHasItsOwnFrames() throws {
        var shelf = CompressionShelf()
        let compression = try compression(&shelf)
        var first = OutgoingMessage(.long)
        let before = first.frame(for: compression)
        var second = OutgoingMessage(.text(ByteBuffer(string: String(repeating: "another ", count: 100))))
        #expect(try second.frame(for: compression).message().step == .text(ByteBuffer(string: String(repeating: "another ", count: 100))))
        #expect(first.frame(for: compression).place == before.place)
        #expect(try before.message().step == .text(Payload.long.bytes), "a frame that was handed out stays")
    }

    // MARK: A context of one's own

    @Test func clientsWithAContextEachGetFramesOfTheirOwnThatReferBack() throws {
        var shelf = CompressionShelf()
        let one = try compression(&shelf, wish: .keeping)
        let other = try compression(&shelf, wish: .keeping)
        let (inflaterOfOne, inflaterOfOther) = (Inflater(windowBits: 12, keepsContext: true), Inflater(windowBits: 12, keepsContext: true))
        var message = OutgoingMessage(.long)
        let first = message.frame(for: one)
        let second = message.frame(for: one)
        #expect(first.place != second.place)
        #expect(second.readableBytes < first.readableBytes, "it refers back to the first")
        #expect(try first.message(inflaterOfOne).step == .text(Payload.long.bytes))
        #expect(try second.message(inflaterOfOne).step == .text(Payload.long.bytes))
        // The other has seen nothing yet.
        let fresh = message.frame(for: other)
        #expect(fresh == first)
        #expect(fresh.place != first.place)
        #expect(try fresh.message(inflaterOfOther).step == .text(Payload.long.bytes))
    }

    @Test func noiseForAContextIsCompressedAllTheSameForItIsRemembered() throws {
        var shelf = CompressionShelf()
        let compression = try compression(&shelf, wish: .keeping)
        let inflater = Inflater(windowBits: 12, keepsContext: true)
        var message = OutgoingMessage(.noise)
        for _ in 0..<3 {
            let (step, isCompressed) = try message.frame(for: compression).message(inflater)
            #expect(isCompressed)
            #expect(step == .binary(Payload.noise.bytes))
        }
    }

    @Test func oneMessageServesClientsOfEveryKind() throws {
        var shelf = CompressionShelf()
        var message = OutgoingMessage(.long)
        let inflater = Inflater(windowBits: 12, keepsContext: true)
        let (shared, own) = (try compression(&shelf), try compression(&shelf, wish: .keeping))
        for _ in 0..<3 {
            #expect(try message.plain.message().step == .text(Payload.long.bytes))
            #expect(try message.frame(for: shared).message().step == .text(Payload.long.bytes))
            #expect(try message.frame(for: own).message(inflater).step == .text(Payload.long.bytes))
        }
    }
}
