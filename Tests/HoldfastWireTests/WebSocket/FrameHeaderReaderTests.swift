// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct FrameHeaderReaderTests {
    // MARK: Good heads

    @Test("A head is read with its flags, length and key", arguments: [Opcode.text, .binary, .continuation, .ping, .pong, .close], [true, false])
    func fields(_ opcode: Opcode, _ isMasked: Bool) throws {
        let mask: UInt32? = isMasked ? 0x0102_0304 : nil
        let sizes = opcode.isControl ? [0, 1, 124, 125] : [0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 65537, 1 << 20]
        for size in sizes {
            let frame = RawFrame(opcode.rawValue, [UInt8](repeating: 0, count: size), mask: mask)
            let expected = FrameHeader(opcode: opcode, length: size, maskingKey: mask)
            for cut in Cuts.all(frame.head) {
                #expect(Self.read(cut, expectsMask: isMasked) == [.success(expected)], "\(size) bytes, \(Cuts.name(cut))")
            }
        }
    }

    @Test("A length of 63 bits is read as it is")
    func longest() {
        let head: [UInt8] = [0x82, 0x7F] + [0x7F] + [UInt8](repeating: 0xFF, count: 7)
        #expect(Self.read([head[...]], expectsMask: false) == [.success(FrameHeader(opcode: .binary, length: Int.max))])
    }

    @Test("The length is in network order, and so is the key")
    func order() {
        let two: [UInt8] = [0x82, 0xFE, 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF]
        #expect(Self.read([two[...]], expectsMask: true) == [.success(FrameHeader(opcode: .binary, length: 0x1234, maskingKey: 0xDEAD_BEEF))])
        let eight: [UInt8] = [0x02, 0xFF, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0, 0, 0, 0]
        let expected = FrameHeader(opcode: .binary, isFinal: false, length: 0x0102_0304_0506_0708, maskingKey: 0)
        #expect(Self.read([eight[...]], expectsMask: true) == [.success(expected)])
    }

    @Test("RSV1 on a data frame is told, for an extension may have given it a meaning", arguments: [Opcode.text, .binary, .continuation])
    func compressed(_ opcode: Opcode) {
        let head = RawFrame(opcode.rawValue, [], isFinal: false, reserved: 4).head
        let expected = FrameHeader(opcode: opcode, isFinal: false, isCompressed: true, length: 0, maskingKey: 0x37FA_213D)
        #expect(Self.read([head[...]], expectsMask: true) == [.success(expected)])
    }

    @Test("Heads that follow one another are read one at a time, however they are cut")
    func several() {
        let sizes = [0, 125, 126, 65535, 65536, 3, 200]
        let bytes = sizes.flatMap { RawFrame(0x2, [UInt8](repeating: 0, count: $0), mask: UInt32($0)).head }
        let expected = sizes.map { Result<FrameHeader, Violation>.success(FrameHeader(opcode: .binary, length: $0, maskingKey: UInt32($0))) }
        for cut in Cuts.all(bytes) { #expect(Self.read(cut, expectsMask: true) == expected, "\(Cuts.name(cut))") }
    }

    @Test("What follows a head stays in the buffer, and a head that is not whole takes all")
    func rest() throws {
        var reader = FrameHeaderReader(expectsMask: true)
        var buffer = ByteBuffer.amid([0x81, 0x85, 1, 2])
        #expect(try reader.next(from: &buffer) == nil)
        #expect(buffer.readableBytes == 0)
        buffer = .amid([3, 4, 5, 6])
        #expect(try reader.next(from: &buffer) == FrameHeader(opcode: .text, length: 5, maskingKey: 0x0102_0304))
        #expect(buffer.bytes == [5, 6])
    }

    // MARK: Violations

    @Test("Each violation is told with the byte that makes it, and not before", arguments: violations)
    func early(_ sample: (name: String, bytes: [UInt8], expectsMask: Bool, reason: String)) {
        for cut in Cuts.all(sample.bytes) {
            let outcomes = Self.read(cut, expectsMask: sample.expectsMask)
            guard outcomes != [.failure(Violation(.protocolError, sample.reason))] else { continue }
            Issue.record("\(Cuts.name(cut)): \(outcomes)")
            break
        }
        #expect(Self.read([sample.bytes.dropLast()], expectsMask: sample.expectsMask) == [])
    }

    /// Heads that end with the byte that breaks a rule.
    private static let violations: [(name: String, bytes: [UInt8], expectsMask: Bool, reason: String)] = {
        var all: [(name: String, bytes: [UInt8], expectsMask: Bool, reason: String)] = [
            ("unmasked to a server", [0x81, 0x05], true, "frame is not masked"),
            ("unmasked and empty to a server", [0x81, 0x00], true, "frame is not masked"),
            ("masked to a client", [0x81, 0x85], false, "frame is masked"),
            ("RSV2", [0xA1], true, "reserved bits set"),
            ("RSV3", [0x91], true, "reserved bits set"),
            ("all reserved bits", [0xF1], true, "reserved bits set"),
            ("two bytes for 125", [0x82, 0x7E, 0x00, 0x7D], false, "length not in its shortest form"),
            ("two bytes for 0", [0x82, 0xFE, 0x00, 0x00], true, "length not in its shortest form"),
            ("two bytes for 125, masked", [0x82, 0xFE, 0x00, 0x7D], true, "length not in its shortest form"),
            ("eight bytes for 0", [0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0], false, "length not in its shortest form"),
            ("eight bytes for 65535", [0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], false, "length not in its shortest form"),
            ("eight bytes for 65535, masked", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], true, "length not in its shortest form"),
            ("the 64th bit alone", [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], false, "length has its highest bit set"),
            ("all 64 bits", [0x82, 0xFF] + [UInt8](repeating: 0xFF, count: 8), true, "length has its highest bit set"),
        ]
        for opcode: UInt8 in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
            all.append(("opcode \(opcode)", [0x80 | opcode], true, "unknown opcode \(opcode)"))
            all.append(("opcode \(opcode), not final", [opcode], true, "unknown opcode \(opcode)"))
        }
        for opcode: UInt8 in [0x8, 0x9, 0xA] {
            all.append(("fragmented \(opcode)", [opcode], true, "fragmented control frame"))
            all.append(("RSV1 on \(opcode)", [0xC0 | opcode], true, "reserved bits set"))
            all.append(("\(opcode) of 126 bytes", [0x80 | opcode, 0xFE], true, "control frame longer than 125 bytes"))
            all.append(("\(opcode) of 8 bytes' length", [0x80 | opcode, 0x7F], false, "control frame longer than 125 bytes"))
        }
        return all
    }()

    /// The heads that the pieces hold, up to the first violation.
    private static func read(_ pieces: [ArraySlice<UInt8>], expectsMask: Bool) -> [Result<FrameHeader, Violation>] {
        var reader = FrameHeaderReader(expectsMask: expectsMask)
        var outcomes: [Result<FrameHeader, Violation>] = []
        for piece in pieces {
            var buffer = ByteBuffer.amid(piece)
            do throws(Violation) {
                while let header = try reader.next(from: &buffer) { outcomes.append(.success(header)) }
            } catch {
                outcomes.append(.failure(error))
                return outcomes
            }
        }
        return outcomes
    }
}
