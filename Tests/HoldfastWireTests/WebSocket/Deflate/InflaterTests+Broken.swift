// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

extension InflaterTests {
    @Test(
        "What is no compressed message cannot be read",
        arguments: [
            // Nothing at all: even an empty message has a block.
            [],
            // A reserved type of block; a stored block whose length does not match its complement; one that is cut short.
            [0x06], [0x07], [0xFE, 0xFF], [0x00, 0x05, 0x00, 0xFA, 0xFE], [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65],
            // A distance too far back, a code that does not exist, a table of codes that is no table.
            [0xF2, 0x00, 0x11, 0x00, 0x00], [0x04, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF],
            // A final block with nothing behind it, where the RFC wants an empty one (§7.2.3.4).
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0x03, 0x00],
            // With a head, as a file has it: zlib's and gzip's.
            [0x78, 0x9C, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x05, 0x8C, 0x01, 0xF5], [0x1F, 0x8B, 0x08, 0x00],
            // Not compressed at all; and the tail that should have been left out, so that the one that is put back is too much.
            [0x48, 0x65, 0x6C, 0x6C, 0x6F], [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0x00, 0xFF, 0xFF],
        ] as [[UInt8]], [true, false])
    func garbage(_ bytes: [UInt8], _ keepsContext: Bool) {
        #expect(throws: Self.broken) { try Inflater(keepsContext: keepsContext).inflate(.amid(bytes), limit: 1000) }
    }

    @Test("A message that is cut short cannot be read")
    func truncated() {
        let inflater = Inflater()
        let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        for count in hello.indices {
            #expect(throws: Self.broken, "\(count) bytes") { try inflater.inflate(ByteBuffer(bytes: hello[..<count]), limit: 1000) }
        }
        // A stored block, whose rest is not made up for by the four bytes that are put back.
        for missing in [1, 2, 3, 5, 100] {
            let block: [UInt8] = [0x00, 0xC8, 0x00, 0x37, 0xFF] + [UInt8](repeating: 0x61, count: 200 - missing)
            #expect(throws: Self.broken, "\(missing) bytes missing") { try inflater.inflate(ByteBuffer(bytes: block), limit: 1000) }
        }
    }

    @Test("A long text that is cut short anywhere never passes for the whole")
    func truncatedText() {
        let inflater = Inflater()
        let text = DeflateSample.text.buffer(3000)
        let bytes = Deflater(level: 6, windowBits: 15, keepsContext: false).deflate(text).bytes
        for count in bytes.indices {
            let back = try? inflater.inflate(ByteBuffer(bytes: bytes[..<count]), limit: 3000)
            #expect(back != text, "\(count) bytes")
        }
    }

    @Test("Up to 256 final blocks are read, more are not: each costs a call")
    func finalBlocks() throws {
        let inflater = Inflater()
        // Stored blocks that are final: empty ones, and ones of a byte.
        let empty: [UInt8] = [0x01, 0x00, 0x00, 0xFF, 0xFF]
        let full: [UInt8] = [0x01, 0x01, 0x00, 0xFE, 0xFF, 0x78]
        for (block, size) in [(empty, 0), (full, 1)] {
            let most = [[UInt8]](repeating: block, count: 256).flatMap { $0 }
            #expect(try inflater.inflate(ByteBuffer(bytes: most + [0x00]), limit: 1000).readableBytes == 256 * size)
            #expect(throws: Self.broken) { try inflater.inflate(ByteBuffer(bytes: most + block + [0x00]), limit: 1000) }
            let many = [[UInt8]](repeating: block, count: 100_000).flatMap { $0 }
            #expect(throws: Self.broken) { try inflater.inflate(ByteBuffer(bytes: many + [0x00]), limit: 1 << 20) }
        }
    }

    @Test("Blocks that are not final are counted by their bytes alone: thousands of empty ones make an empty message")
    func emptyBlocks() throws {
        let blocks = [[UInt8]](repeating: [0x00, 0x00, 0x00, 0xFF, 0xFF], count: 10_000).flatMap { $0 }
        #expect(try Inflater().inflate(ByteBuffer(bytes: blocks + [0x00]), limit: 0).readableBytes == 0)
    }

    @Test("An inflater without context reads on as if nothing had been, whatever was wrong with a message")
    func reusable() throws {
        let inflater = Inflater()
        let good = Deflater(level: 6, windowBits: 15, keepsContext: false).deflate(DeflateSample.text.buffer(2000))
        let bad: [[UInt8]] = [
            [], [0x06], [0xF2, 0x00, 0x11, 0x00, 0x00], [0x00, 0xC8, 0x00, 0x37, 0xFF, 0x48], Array(good.bytes.prefix(100)), [0x03, 0x00],
        ]
        for bytes in bad {
            #expect(throws: Self.broken) { try inflater.inflate(ByteBuffer(bytes: bytes), limit: 2000) }
            #expect(try inflater.inflate(good, limit: 2000) == DeflateSample.text.buffer(2000))
            #expect(throws: Self.tooBig(1999)) { try inflater.inflate(good, limit: 1999) }
            #expect(throws: Self.tooBig(0)) { try inflater.inflate(good, limit: 0) }
            #expect(throws: Self.broken, "nothing is left of the message before") {
                try inflater.inflate(ByteBuffer(bytes: [0xF2, 0x00, 0x11, 0x00, 0x00]), limit: 2000)
            }
            #expect(try inflater.inflate(good, limit: 2000) == DeflateSample.text.buffer(2000))
        }
    }

    @Test("Random bytes, and good messages with bits turned, crash nothing and never make more than the limit", arguments: 0..<20)
    func random(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let inflater = Inflater()
        let good = Deflater(level: 6, windowBits: 15, keepsContext: false).deflate(DeflateSample.text.buffer(2000)).bytes
        for _ in 0..<100 {
            var bytes = good
            if random.oneIn(2) {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
                }
            } else {
                bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            let limit = Int.random(in: 0...4000, using: &random)
            do throws(Violation) {
                let back = try inflater.inflate(ByteBuffer(bytes: bytes), limit: limit)
                #expect(back.readableBytes <= limit)
            } catch {
                #expect(error == Self.broken || error == Self.tooBig(limit))
            }
        }
        #expect(throws: Never.self) { try inflater.inflate(ByteBuffer(bytes: good), limit: 2000) }
    }
}
