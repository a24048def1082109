// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct HTTPResponseHeadReaderTests {
    private static let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

    private struct Outcome: Equatable {
        var status: Int?
        var upgrade: [String] = []
        var rest: [UInt8] = []
        var error: HTTPResponseError?
    }

    /// Reads bytes that come in these parts.
    private static func read(_ parts: [ArraySlice<UInt8>], limit: Int = 1000) -> Outcome {
        var reader = HTTPResponseHeadReader(maxHeadBytes: limit)
        var outcome = Outcome()
        for part in parts {
            var buffer = ByteBuffer.amid(part)
            if outcome.status == nil, outcome.error == nil {
                do throws(HTTPResponseError) {
                    if let head = try reader.next(from: &buffer) {
                        outcome.status = head.status
                        outcome.upgrade = head.values("upgrade")
                    }
                } catch {
                    outcome.error = error
                }
            }
            if outcome.status != nil { outcome.rest += buffer.bytes }
        }
        return outcome
    }

    private static func read(_ text: String, limit: Int = 1000) -> Outcome { read([Array(text.utf8)[...]], limit: limit) }

    @Test("A head is read wherever its bytes are cut, and what follows it is left")
    func cuts() {
        let bytes = Array((Self.switching + "\u{1}frame").utf8)
        let whole = Outcome(status: 101, upgrade: ["websocket"], rest: Array("\u{1}frame".utf8))
        for first in 0...bytes.count {
            for second in first...bytes.count {
                #expect(Self.read([bytes[..<first], bytes[first..<second], bytes[second...]]) == whole, "\(first) \(second)")
            }
        }
        #expect(Self.read(bytes.indices.map { bytes[$0...$0] }) == whole)
    }

    @Test("Interim responses are passed over")
    func interim() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + Self.switching + "x"
        #expect(Self.read(text) == Outcome(status: 101, upgrade: ["websocket"], rest: Array("x".utf8)))
        let bytes = Array(text.utf8)
        #expect(Self.read(bytes.indices.map { bytes[$0...$0] }) == Self.read(text))
    }

    @Test("Every other status is told, its body left alone", arguments: [200, 204, 302, 403, 404, 500, 999])
    func statuses(_ status: Int) {
        #expect(Self.read("HTTP/1.1 \(status) x\r\nContent-Length: 3\r\n\r\nabc") == Outcome(status: status, rest: Array("abc".utf8)))
    }

    @Test("HTTP/1.0 is good for an answer, but switches no protocols")
    func http10() {
        #expect(Self.read("HTTP/1.0 200 Connection established\r\n\r\n").status == 200)
        let error = HTTPResponseError.malformed("status 101 in HTTP/1.0, which cannot switch protocols")
        #expect(Self.read(Self.switching.replacing("HTTP/1.1", with: "HTTP/1.0")) == Outcome(error: error))
    }

    @Test("A head of exactly the limit is read; one byte more is too much, also when it does not end")
    func limit() {
        let count = Self.switching.utf8.count
        #expect(Self.read(Self.switching, limit: count).status == 101)
        #expect(Self.read(Self.switching + "more", limit: count).rest == Array("more".utf8))
        #expect(Self.read(Self.switching, limit: count - 1).error == .headTooLarge(limit: count - 1))
        let endless = Array(("HTTP/1.1 200 OK\r\nx: " + String(repeating: "a", count: 5000)).utf8)
        #expect(Self.read(endless.indices.map { endless[$0...$0] }).error == .headTooLarge(limit: 1000))
    }

    @Test("An endless row of interim responses reaches the limit too")
    func endlessInterim() {
        let text = String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 1000)
        #expect(Self.read(text).error == .headTooLarge(limit: 1000))
        let bytes = Array(text.utf8)
        #expect(Self.read(bytes.indices.map { bytes[$0...$0] }).error == .headTooLarge(limit: 1000))
    }

    @Test(
        "What is no head is refused",
        arguments: [
            "SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/2 101 x\r\n\r\n", "HTTP/1.1 1O1 x\r\n\r\n", "HTTP/1.1 101 x\r\n: y\r\n\r\n",
            "HTTP/1.1 101 x\r\na\r\n\r\n", "HTTP/1.1 101 x\ra: b\r\n\r\n", "HTTP/1.1 200 x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "\r\n\r\n",
        ])
    func malformed(_ text: String) {
        let outcome = Self.read(text)
        #expect(outcome.status == nil)
        guard case .malformed = outcome.error else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test("All fields of a name are told, in order")
    func values() throws {
        var buffer = ByteBuffer(string: "HTTP/1.1 101 x\r\nA: 1\r\nb: 2\r\na:  3 \r\nA:\r\n\r\n")
        var reader = HTTPResponseHeadReader(maxHeadBytes: 100)
        let head = try #require(try reader.next(from: &buffer))
        #expect(head.values("a") == ["1", "3", ""])
        #expect(head.values("b") == ["2"])
        #expect(head.values("c") == [])
    }
}
