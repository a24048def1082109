// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct DeflaterTests {
    private static let sizes = [0, 1, 2, 5, 125, 126, 255, 256, 257, 511, 512, 4096, 32_767, 32_768, 65_535, 65_536, 100_000, DeflateSample.most]

    @Test("What is compressed comes back, at each level and for each window", arguments: 1...9, 9...15)
    func roundTrip(_ level: Int, _ bits: Int) throws {
        let deflater = Deflater(level: level, windowBits: bits, keepsContext: false)
        let inflater = Inflater()
        // The ends of the ranges get all sizes; the rest those at which something changes.
        let sizes = [1, 9].contains(level) || [9, 15].contains(bits) ? Self.sizes : [0, 1, 257, 70_000]
        for kind in DeflateSample.allCases {
            for size in sizes {
                let message = kind.buffer(size)
                let back = try inflater.inflate(deflater.deflate(message), limit: size)
                #expect(back == message, "\(kind), \(size) bytes")
            }
        }
    }

    @Test("What is compressed in sequence comes back in sequence, at each level and for each window", arguments: 1...9, 9...15)
    func roundTripWithContext(_ level: Int, _ bits: Int) throws {
        let deflater = Deflater(level: level, windowBits: bits, keepsContext: true)
        let inflater = Inflater(windowBits: bits, keepsContext: true)
        for size in [0, 5, 5, 300, 0, 300, 1, 70_000, 256, 70_000] {
            for kind in DeflateSample.allCases {
                let message = kind.buffer(size)
                let back = try inflater.inflate(deflater.deflate(message), limit: size)
                #expect(back == message, "\(kind), \(size) bytes")
            }
        }
    }

    @Test("Messages of random sizes come back, with context and without", arguments: 0..<8)
    func random(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let keepsContext = seed.isMultiple(of: 2)
        let bits = Int.random(in: 9...15, using: &random)
        let deflater = Deflater(level: Int.random(in: 1...9, using: &random), windowBits: bits, keepsContext: keepsContext)
        let inflater = Inflater(windowBits: bits, keepsContext: keepsContext)
        for _ in 0..<60 {
            var message = ByteBuffer()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let kind = DeflateSample.allCases.randomElement(using: &random) ?? .text
                message.writeImmutableBuffer(kind.buffer(Int.random(in: 0...3000, using: &random)))
            }
            #expect(try inflater.inflate(deflater.deflate(message), limit: message.readableBytes) == message)
        }
    }

    // MARK: What it makes

    @Test("An empty message is one empty block, as in the RFC (§7.2.3.6), with context and without", arguments: [true, false])
    func empty(_ keepsContext: Bool) {
        let deflater = Deflater(level: 6, windowBits: 15, keepsContext: keepsContext)
        #expect(deflater.deflate(ByteBuffer()).bytes == [0])
        _ = deflater.deflate(ByteBuffer(string: "Hello"))
        #expect(deflater.deflate(ByteBuffer()).bytes == [0])
        #expect(deflater.deflate(ByteBuffer()).bytes == [0])
    }

    @Test("Hello is what the RFC shows (§7.2.3.1)", arguments: [true, false])
    func hello(_ keepsContext: Bool) {
        let deflater = Deflater(level: 6, windowBits: 15, keepsContext: keepsContext)
        #expect(deflater.deflate(.amid("Hello")).bytes == [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
    }

    @Test("The four bytes that every message would end with are left out", arguments: DeflateSample.allCases)
    func tail(_ kind: DeflateSample) {
        let deflater = Deflater(level: 1, windowBits: 12, keepsContext: false)
        for size in Self.sizes { #expect(Array(deflater.deflate(kind.buffer(size)).bytes.suffix(4)) != [0x00, 0x00, 0xFF, 0xFF], "\(size)") }
    }

    @Test("Text shrinks, and more at a higher level")
    func shrinks() {
        let text = DeflateSample.text.buffer(100_000)
        let fast = Deflater(level: 1, windowBits: 15, keepsContext: false).deflate(text).readableBytes
        let small = Deflater(level: 9, windowBits: 15, keepsContext: false).deflate(text).readableBytes
        #expect(fast < 30_000)
        #expect(small < fast)
    }

    @Test("What cannot shrink grows by an eighth and a few bytes at most: so much is let in from a client", arguments: 1...9, 9...15)
    func growth(_ level: Int, _ bits: Int) {
        let deflater = Deflater(level: level, windowBits: bits, keepsContext: false)
        for size in [1, 2, 3, 7, 64, 255, 256, 300, 1000, 16_384, 70_000] {
            #expect(deflater.deflate(DeflateSample.random.buffer(size)).readableBytes <= size + size / 8 + 64, "\(size) bytes")
        }
    }

    @Test("The message is left as it was, wherever in a larger buffer it lies")
    func messageStays() throws {
        let deflater = Deflater(level: 1, windowBits: 12, keepsContext: false)
        for text in ["Hello", "Hello!", "a longer message, a longer message"] {
            let message = ByteBuffer.amid(text)
            let made = deflater.deflate(message)
            #expect(String(buffer: message) == text)
            #expect(made == deflater.deflate(ByteBuffer(string: text)))
        }
    }

    // MARK: Context

    @Test("Without context a message is always the same bytes, whatever came before")
    func stateless() {
        let deflater = Deflater(level: 6, windowBits: 15, keepsContext: false)
        let text = DeflateSample.text.buffer(3000)
        let first = deflater.deflate(text)
        for kind in DeflateSample.allCases {
            _ = deflater.deflate(kind.buffer(50_000))
            #expect(deflater.deflate(text) == first)
        }
        #expect(Deflater(level: 6, windowBits: 15, keepsContext: false).deflate(text) == first)
    }

    @Test("With context a message that came before costs little, and is of no use without it")
    func refersBack() throws {
        let deflater = Deflater(level: 6, windowBits: 15, keepsContext: true)
        let text = DeflateSample.text.buffer(3000)
        let first = deflater.deflate(text)
        let second = deflater.deflate(text)
        #expect(second.readableBytes < first.readableBytes / 5)
        #expect(throws: Violation.self) { try Inflater().inflate(second, limit: 1 << 20) }
        let inflater = Inflater(keepsContext: true)
        #expect(try inflater.inflate(first, limit: 1 << 20) == text)
        #expect(try inflater.inflate(second, limit: 1 << 20) == text)
    }

    @Test("One without context serves clients that keep theirs, each of which gets only some of the messages")
    func manyClients() throws {
        var random = SplitMix64(seed: 3)
        let deflater = Deflater(level: 1, windowBits: 12, keepsContext: false)
        let clients = (0..<5).map { _ in Inflater(windowBits: 12, keepsContext: true) }
        for number in 0..<100 {
            let message = ByteBuffer(string: "message \(number) of many, which all look alike and are sent to some")
            let frame = deflater.deflate(message)
            for client in clients where random.oneIn(2) { #expect(try client.inflate(frame, limit: 1000) == message) }
        }
    }
}
