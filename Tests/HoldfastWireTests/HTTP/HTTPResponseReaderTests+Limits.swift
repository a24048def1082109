// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

extension HTTPResponseReaderTests {
    /// The limit as `limit`, and a response whose measured part has `size` bytes.
    private static func head(of size: Int) -> String {
        let start = "HTTP/1.1 204 No Content\r\nX: "
        let end = "\r\n\r\n"
        return start + String(repeating: "x", count: size - start.utf8.count - end.utf8.count) + end
    }

    private static func length(of size: Int) -> String { "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n" + String(repeating: "b", count: size) }

    private static func close(of size: Int) -> String { "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "b", count: size) }

    private static func chunks(of size: Int, each chunk: Int) -> String {
        var text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        var left = size
        while left > 0 {
            let count = min(left, chunk)
            text += String(count, radix: 16) + "\r\n" + String(repeating: "b", count: count) + "\r\n"
            left -= count
        }
        return text + "0\r\n\r\n"
    }

    @Test("A head of exactly the limit passes, one byte more does not, however it is cut", arguments: [40, 64, 100])
    func headLimit(_ limit: Int) {
        for (size, error) in [
            (limit - 1, nil), (limit, nil), (limit + 1, .headTooLarge(limit: limit)), (limit + 2, .headTooLarge(limit: limit)),
            (limit + 4, .headTooLarge(limit: limit)), (limit + 5, .headTooLarge(limit: limit)), (limit * 3, .headTooLarge(limit: limit)),
        ] as [(Int, HTTPResponseError?)] {
            for cut in Cuts.all(Array(Self.head(of: size).utf8)) {
                let reading = ResponseReading(cut, maxHeadBytes: limit)
                guard reading.error != error || reading.responses.count != (error == nil ? 1 : 0) else { continue }
                Issue.record("\(size) bytes, \(Cuts.name(cut)): \(reading)")
                break
            }
        }
    }

    @Test("A head without an end is given up at the limit, however it is cut")
    func endlessHead() {
        let bytes = Array(("HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 40)).utf8)
        for cut in Cuts.all(bytes) { #expect(ResponseReading(cut, maxHeadBytes: 100).error == .headTooLarge(limit: 100)) }
    }

    @Test("The limit holds for each head, interim ones too, and not for their sum")
    func headLimitEach() {
        let small = "HTTP/1.1 100 Continue\r\n\r\n"
        let reading = ResponseReading(String(repeating: small, count: 20) + "HTTP/1.1 204 None\r\n\r\n", maxHeadBytes: 30)
        #expect(reading.error == nil)
        #expect(reading.responses.map(\.status) == [204])
        let large = "HTTP/1.1 100 Continue\r\nA: bcdefghijk\r\n\r\n"
        #expect(ResponseReading(small + large, maxHeadBytes: 30).error == .headTooLarge(limit: 30))
    }

    @Test("A body that follows a head does not count against the head's limit")
    func bodyIsNoHead() {
        for cut in Cuts.all(Array(Self.length(of: 300).utf8)) {
            let reading = ResponseReading(cut, maxHeadBytes: 45)
            #expect(reading.error == nil)
            #expect(reading.responses.count == 1)
        }
    }

    @Test("A body of exactly the limit passes, one byte more does not, however it is cut", arguments: [1, 16, 17, 100])
    func bodyLimit(_ limit: Int) {
        let makers: [(name: String, make: (Int) -> String)] = [
            ("by length", Self.length), ("by close", Self.close), ("in one chunk", { Self.chunks(of: $0, each: 1000) }),
            ("in small chunks", { Self.chunks(of: $0, each: 3) }),
        ]
        for maker in makers {
            for (size, error) in [(limit, nil), (limit + 1, .bodyTooLarge(limit: limit))] as [(Int, HTTPResponseError?)] {
                for cut in Cuts.all(Array(maker.make(size).utf8)) {
                    let reading = ResponseReading(cut, maxBodyBytes: limit)
                    guard reading.error != error || reading.responses.map(\.body.count) != (error == nil ? [size] : []) else { continue }
                    Issue.record("\(maker.name), \(size) bytes, \(Cuts.name(cut)): \(reading)")
                    break
                }
            }
        }
    }

    @Test(
        "A length or a chunk size beyond the limit is refused before a byte of the body has come",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffffffffffffff",
        ] as [Raw])
    func promises(_ start: Raw) {
        #expect(ResponseReading([start.bytes[...]], closes: false, maxBodyBytes: 10).error == .bodyTooLarge(limit: 10))
    }

    @Test("No chunk size overflows, whatever the limit", arguments: [Int.max, Int.max - 1, 1 << 60, 1 << 59])
    func chunkOverflow(_ limit: Int) {
        for size in ["8000000000000000", "ffffffffffffffff", "10000000000000000", "f0000000000000001"] {
            let reading = ResponseReading(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\nhello", closes: false, maxBodyBytes: limit)
            #expect(reading.error == .bodyTooLarge(limit: limit), "\(size)")
        }
    }

    @Test("A response without a body passes where no body is allowed at all")
    func noBody() {
        for text in ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 304 Same\r\nContent-Length: 500\r\n\r\n", Self.chunks(of: 0, each: 1)]
        {
            #expect(ResponseReading(text, maxBodyBytes: 0).responses.map(\.body) == [[]])
        }
        #expect(ResponseReading(Self.length(of: 1), maxBodyBytes: 0).error == .bodyTooLarge(limit: 0))
        #expect(ResponseReading(Self.chunks(of: 1, each: 1), maxBodyBytes: 0).error == .bodyTooLarge(limit: 0))
        #expect(ResponseReading(Self.close(of: 1), maxBodyBytes: 0).error == .bodyTooLarge(limit: 0))
    }

    @Test("Extensions and trailers of 16 KiB pass, and one byte more does not")
    func overhead() {
        let limit = 16 << 10
        let start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let letters = { (count: Int) in String(repeating: "x", count: count) }
        // The semicolon and the line ends are not counted.
        #expect(ResponseReading(start + "1;\(letters(limit))\r\na\r\n0\r\n\r\n").error == nil)
        #expect(ResponseReading(start + "1;\(letters(limit + 1))\r\na\r\n0\r\n\r\n").error == .headTooLarge(limit: limit))
        #expect(ResponseReading(start + "1;\(letters(limit / 2))\r\na\r\n0;\(letters(limit / 2))\r\n\r\n").error == nil)
        #expect(ResponseReading(start + "1;\(letters(limit / 2))\r\na\r\n0;\(letters(limit / 2 + 1))\r\n\r\n").error == .headTooLarge(limit: limit))
        #expect(ResponseReading(start + "0\r\nT:\(letters(limit - 2))\r\n\r\n").error == nil)
        #expect(ResponseReading(start + "0\r\nT:\(letters(limit - 1))\r\n\r\n").error == .headTooLarge(limit: limit))
        #expect(ResponseReading(start + "0\r\n" + String(repeating: "T:\r\n", count: limit / 2) + "\r\n").error == nil)
        #expect(
            ResponseReading(start + "0\r\n" + String(repeating: "T:\r\n", count: limit / 2 + 1) + "\r\n").error == .headTooLarge(limit: limit))
    }
}
