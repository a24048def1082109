// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct MaskingTests {
    @Test("Each length at each offset is unmasked as the RFC says", arguments: 0...40)
    func lengths(_ count: Int) {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for offset in 0...7 {
            for key: UInt32 in [0, 1, 0x37FA_213D, 0xFF00_00FF, 0x8000_0001, .max] {
                var source = ByteBuffer.amid(RawFrame.xor(plain, key, offset: offset) + [1, 2, 3])
                var target = ByteBuffer(string: "before")
                target.writeMasked(&source, count: count, key: key, offset: offset)
                #expect(target.bytes == Array("before".utf8) + plain, "offset \(offset), key \(key)")
                #expect(source.bytes == [1, 2, 3])
            }
        }
    }

    @Test("The key is in wire order: its highest byte masks the first byte")
    func order() {
        var source = ByteBuffer(bytes: [0, 0, 0, 0, 0])
        var target = ByteBuffer()
        target.writeMasked(&source, count: 5, key: 0x0102_0304, offset: 0)
        #expect(target.bytes == [1, 2, 3, 4, 1])
    }

    @Test("The RFC's example comes out: a masked Hello")
    func example() {
        var source = ByteBuffer(bytes: [0x7F, 0x9F, 0x4D, 0x51, 0x58])
        var target = ByteBuffer()
        target.writeMasked(&source, count: 5, key: 0x37FA_213D, offset: 0)
        #expect(String(buffer: target) == "Hello")
    }

    @Test("Pieces at their offsets make the same as the whole, however large the offset")
    func pieces() {
        let plain = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for start in [0, 1 << 20, (1 << 40) + 3] {
            let masked = RawFrame.xor(plain, 0xCAFE_F00D, offset: start)
            for cut in Cuts.all(masked) {
                var target = ByteBuffer()
                for piece in cut {
                    var source = ByteBuffer.amid(piece)
                    target.writeMasked(&source, count: piece.count, key: 0xCAFE_F00D, offset: start + piece.startIndex)
                }
                #expect(target.bytes == plain, "\(Cuts.name(cut))")
            }
        }
    }

    @Test("What is masked twice with one key is what it was, wherever the second pass is cut", arguments: 0..<20)
    func twice(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let plain = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let key = UInt32.random(in: 0 ... .max, using: &random)
        let offset = Int.random(in: 0...9, using: &random)
        var source = ByteBuffer.amid(plain)
        var masked = ByteBuffer()
        masked.writeMasked(&source, count: plain.count, key: key, offset: offset)
        let cut = Int.random(in: 0...plain.count, using: &random)
        var again = ByteBuffer()
        again.writeMasked(&masked, count: cut, key: key, offset: offset)
        again.writeMasked(&masked, count: plain.count - cut, key: key, offset: offset + cut)
        #expect(again.bytes == plain)
    }

    @Test("The source's bytes are left as they were, for others may hold them")
    func sourceStays() {
        let masked = RawFrame.xor(Array("twelve bytes".utf8), 0x1234_5678)
        var source = ByteBuffer(bytes: masked)
        let shared = source
        var target = ByteBuffer()
        target.writeMasked(&source, count: 12, key: 0x1234_5678, offset: 0)
        #expect(shared.bytes == masked)
        #expect(String(buffer: target) == "twelve bytes")
    }

    @Test("Bytes are unmasked behind those that were there, also where they were read already")
    func appends() {
        var target = ByteBuffer(string: "ab")
        target.moveReaderIndex(forwardBy: 1)
        var source = ByteBuffer(bytes: [0x63, 0x64])
        target.writeMasked(&source, count: 2, key: 0, offset: 3)
        #expect(String(buffer: target) == "bcd")
    }
}
