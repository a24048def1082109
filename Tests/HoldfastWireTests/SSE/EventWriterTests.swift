// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct EventWriterTests {
    @Test("An event has its name, its data and an empty line")
    func event() {
        #expect(String(buffer: EventWriter.event("message", data: .amid("{\"a\":1}"))) == "event: message\ndata: {\"a\":1}\n\n")
    }

    @Test("An event without data has an empty line of data, without which it would not be dispatched")
    func empty() { #expect(String(buffer: EventWriter.event("x", data: ByteBuffer())) == "event: x\ndata: \n\n") }

    @Test(
        "Each line break in the data begins a new line of data",
        arguments: [
            ("a\nb", ["a", "b"]), ("a\n", ["a", ""]), ("\na", ["", "a"]), ("a\n\nb", ["a", "", "b"]), ("\n", ["", ""]), ("a\r\nb", ["a", "b"]),
            ("a\rb", ["a", "b"]), ("\r", ["", ""]), ("a\r\r\nb", ["a", "", "b"]), ("a\n\rb", ["a", "", "b"]), ("a\r\n", ["a", ""]),
        ] as [(Raw, [String])])
    func lines(_ data: Raw, _ expected: [String]) {
        let text = String(buffer: EventWriter.event("m", data: .amid(data.bytes)))
        #expect(text == "event: m\n" + expected.map { "data: \($0)\n" }.joined() + "\n")
    }

    @Test(
        "A reader of the format gets back the data, and no other field",
        arguments: [
            "one", "a\nb", "a\revent: evil\rdata: x", "a\r\nid: 7\r\n\r\nevent: evil\n\n", ": comment\nretry: 5", " leading space",
            "é\u{2028}€\u{85}", "\r\n\r\n",
        ] as [Raw])
    func readBack(_ data: Raw) {
        let parsed = Self.parse(EventWriter.event("message", data: .amid(data.bytes)).bytes)
        #expect(parsed.count == 1)
        #expect(parsed.first?.name == "message")
        #expect(parsed.first?.data == Self.splitLines(data.bytes).map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n"))
    }

    @Test("The comment that keeps a stream open makes no event")
    func keepAlive() {
        #expect(EventWriter.keepAlive.bytes.first == UInt8(ascii: ":"))
        #expect(Self.parse(EventWriter.keepAlive.bytes).isEmpty)
        let stream = EventWriter.keepAlive.bytes + EventWriter.event("a", data: ByteBuffer(string: "1")).bytes + EventWriter.keepAlive.bytes
        #expect(Self.parse(stream).map(\.data) == ["1"])
    }

    /// Reads a stream as the HTML standard says, §9.2.6.
    private static func parse(_ bytes: [UInt8]) -> [(name: String, data: String)] {
        var events: [(name: String, data: String)] = []
        var name = ""
        var data: [String] = []
        for line in splitLines(bytes) {
            let text = String(decoding: line, as: UTF8.self)
            if text.isEmpty {
                if !data.isEmpty { events.append((name, data.joined(separator: "\n"))) }
                name = ""
                data = []
                continue
            }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1].hasPrefix(" ") ? parts[1].dropFirst() : parts[1]) : ""
            switch parts[0] {
            case "event": name = value
            case "data": data.append(value)
            case "": break
            default: events.append((String(parts[0]), "an unexpected field"))
            }
        }
        return events
    }

    /// Lines end with LF, CR or both.
    private static func splitLines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
            if byte == 0x0A || byte == 0x0D { lines.append([]) } else { lines[lines.count - 1].append(byte) }
        }
        return lines
    }
}
