// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct InflaterTests {
    static let broken = Violation(.invalidPayload, "compressed message cannot be read")

    static func tooBig(_ limit: Int) -> Violation { Violation(.messageTooBig, "message larger than \(limit) bytes when inflated") }

    // MARK: The RFC's examples

    @Test(
        "The examples of RFC 7692 §7.2.3 are Hello",
        arguments: [
            // One block (§7.2.3.1), also with the bits that other compressors choose, and a block without compression (§7.2.3.3).
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            // A final block, then an empty one (§7.2.3.4).
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            // Two blocks, with an empty one between (§7.2.3.5).
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]], [true, false])
    func examples(_ bytes: [UInt8], _ keepsContext: Bool) throws {
        let inflater = Inflater(keepsContext: keepsContext)
        #expect(String(buffer: try inflater.inflate(.amid(bytes), limit: 5)) == "Hello")
        #expect(String(buffer: try inflater.inflate(.amid(bytes), limit: 5)) == "Hello")
    }

    @Test("The example that shares the window is Hello twice where the context is kept (§7.2.3.2), and cannot be read elsewhere")
    func sharedWindow() throws {
        let first = ByteBuffer(bytes: [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        let second = ByteBuffer(bytes: [0xF2, 0x00, 0x11, 0x00, 0x00])
        let keeping = Inflater(keepsContext: true)
        #expect(String(buffer: try keeping.inflate(first, limit: 5)) == "Hello")
        #expect(String(buffer: try keeping.inflate(second, limit: 5)) == "Hello")
        let stateless = Inflater()
        #expect(String(buffer: try stateless.inflate(first, limit: 5)) == "Hello")
        #expect(throws: Self.broken) { try stateless.inflate(second, limit: 5) }
    }

    @Test("An empty message is one empty block (§7.2.3.6)", arguments: [true, false])
    func empty(_ keepsContext: Bool) throws {
        let inflater = Inflater(keepsContext: keepsContext)
        for limit in [0, 1, 100] { #expect(try inflater.inflate(.amid([0x00]), limit: limit).readableBytes == 0) }
    }

    @Test(
        "An empty compressed block is an empty message too",
        arguments: [[0x02, 0x00], [0x03, 0x00, 0x00], [0x01, 0x00, 0x00, 0xFF, 0xFF, 0x00]] as [[UInt8]])
    func otherEmpty(_ bytes: [UInt8]) throws {
        #expect(try Inflater().inflate(ByteBuffer(bytes: bytes), limit: 0).readableBytes == 0)
    }

    // MARK: The limit

    @Test("A message of exactly the limit passes, one byte more does not", arguments: [1, 2, 5, 255, 256, 257, 511, 512, 513, 4096, 65_536, 100_000])
    func limit(_ size: Int) throws {
        let inflater = Inflater()
        let deflater = Deflater(level: 6, windowBits: 15, keepsContext: false)
        for kind in DeflateSample.allCases {
            let compressed = deflater.deflate(kind.buffer(size))
            let back = try inflater.inflate(compressed, limit: size)
            #expect(back == kind.buffer(size))
            #expect(back.capacity <= max(512, 2 * (size + 1)), "\(kind): no more room than the limit asks for")
            for limit in [size - 1, size / 2, 0] where limit < size {
                #expect(throws: Self.tooBig(limit)) { try inflater.inflate(compressed, limit: limit) }
            }
        }
    }

    @Test("The room follows the message, not the limit")
    func room() throws {
        let hello = ByteBuffer(bytes: [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        #expect(try Inflater().inflate(hello, limit: 1 << 30).capacity <= 1024)
    }

    @Test("A message that would fill many times the machine's memory ends at the limit, at once", .timeLimit(.minutes(1)), arguments: [true, false])
    func bomb(_ keepsContext: Bool) throws {
        // A mebibyte of zeros is a kibibyte; 32 768 of them are 32 GiB, which could be neither held nor gone through within the time.
        var chunk = Deflater(level: 9, windowBits: 15, keepsContext: false).deflate(ByteBuffer(repeating: 0, count: 1 << 20))
        chunk.writeBytes([0x00, 0x00, 0xFF, 0xFF])
        var bomb = ByteBuffer()
        for _ in 0..<(32 << 10) { bomb.writeImmutableBuffer(chunk) }
        for limit in [0, 1000, 3 << 20] {
            let inflater = Inflater(keepsContext: keepsContext)
            #expect(throws: Self.tooBig(limit)) { try inflater.inflate(bomb, limit: limit) }
        }
        chunk.writeBytes([0x00])
        #expect(try Inflater(keepsContext: keepsContext).inflate(chunk, limit: 1 << 20).readableBytes == 1 << 20)
    }

    // MARK: Context

    @Test("Where the context is kept, messages refer back across empty ones and across final blocks")
    func context() throws {
        let inflater = Inflater(keepsContext: true)
        let again = ByteBuffer(bytes: [0xF2, 0x00, 0x11, 0x00, 0x00])
        #expect(String(buffer: try inflater.inflate(ByteBuffer(bytes: [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]), limit: 5)) == "Hello")
        #expect(String(buffer: try inflater.inflate(again, limit: 5)) == "Hello")
        #expect(try inflater.inflate(ByteBuffer(bytes: [0x00]), limit: 5).readableBytes == 0)
        #expect(String(buffer: try inflater.inflate(again, limit: 5)) == "Hello")
    }

    @Test("Two inflaters with context do not share it")
    func ownContext() throws {
        let one = Inflater(keepsContext: true)
        let other = Inflater(keepsContext: true)
        _ = try one.inflate(ByteBuffer(bytes: [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]), limit: 5)
        #expect(throws: Self.broken) { try other.inflate(ByteBuffer(bytes: [0xF2, 0x00, 0x11, 0x00, 0x00]), limit: 5) }
    }

    @Test("The smallest window that a client may name is enough for what it sends", arguments: 8...15)
    func smallWindows(_ bits: Int) throws {
        // A compressor for 2^9 at most refers back 2^9 less zlib's own margin of 262 bytes, which fits into 2^8.
        let deflater = Deflater(level: 9, windowBits: max(9, bits), keepsContext: true)
        let inflater = Inflater(windowBits: bits, keepsContext: true)
        for number in 0..<300 {
            let message = ByteBuffer(string: "tick \(number) and a text that comes again")
            #expect(try inflater.inflate(deflater.deflate(message), limit: 100) == message)
        }
    }
}
