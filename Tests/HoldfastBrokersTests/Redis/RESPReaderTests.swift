// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite struct RESPReaderTests {
    private func read(_ parts: [ByteBuffer]) throws -> [RESPFrame] {
        var reader = RESPReader()
        var frames: [RESPFrame] = []
        for part in parts {
            reader.append(part)
            while let frame = try reader.next() { frames.append(frame) }
        }
        return frames
    }

    @Test("A text loses the name of its format and nothing else, whatever follows it")
    func verbatim() throws {
        for text in ["", "some", "\u{301}a", "\r\n"] {
            let said = "=\(4 + text.utf8.count)\r\ntxt:\(text)\r\n"
            for parts in Splitting.some(said) {
                guard case .value(.word(let read))? = try read(parts).first else { throw BusFailure.lost("no word") }
                // Not as characters: a mark belongs to the colon before it.
                #expect(Array(read.utf8) == Array(text.utf8))
            }
        }
    }

    @Test("What is wrong is told in a short line, whatever was said", arguments: ["$", "*", "%"])
    func complaint(kind: String) {
        let said = "\(kind)a\u{7F}\t" + String(repeating: "\u{301}", count: 10_000) + "\r\n"
        let failure = #expect(throws: BusFailure.self) { try read([ByteBuffer(string: said)]) }
        #expect(failure?.reason.utf8.count ?? 0 < 200)
        #expect(failure?.reason.contains("\"a??") ?? false)
    }

    @Test("An answer whose parts are together larger than one may be is refused before they are there")
    func together() throws {
        var reader = RESPReader()
        reader.append(ByteBuffer(string: "*3\r\n"))
        let half = RESPReader.maxBytes / 2 + RESPReader.maxLine
        var part = ByteBuffer(string: "$\(half)\r\n")
        part.writeRepeatingByte(0x61, count: half)
        part.writeString("\r\n")
        reader.append(part)
        #expect(try reader.next() == nil)
        reader.append(ByteBuffer(string: "$\(half)\r\n"))
        #expect(throws: BusFailure.self) { try reader.next() }
    }
}
