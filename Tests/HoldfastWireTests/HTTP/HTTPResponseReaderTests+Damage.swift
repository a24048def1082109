// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

extension HTTPResponseReaderTests {
    @Test("What is accepted of 6,000 damaged connections, llhttp reads alike; and no cut changes the verdict", arguments: 0..<12)
    func damaged(_ block: UInt64) {
        var random = SplitMix64(seed: 0xD1FF + block)
        let samples = ResponseSample.good.filter { $0.bytes.count < 1000 }
        var accepted = 0
        for _ in 0..<500 {
            guard var bytes = samples.randomElement(using: &random)?.bytes else { return }
            for _ in 0..<Int.random(in: 1...3, using: &random) { Self.damage(&bytes, &random) }
            let whole = ResponseReading([bytes[...]])
            let cut = ResponseReading(bytes.indices.map { bytes[$0...$0] })
            guard whole == cut else {
                Issue.record("\(whole), but byte by byte \(cut), of \(printable(bytes))")
                continue
            }
            guard !whole.responses.isEmpty else { continue }
            accepted += 1
            let prefix = whole.tookEnd ? bytes[...] : bytes[..<whole.taken]
            switch PlainResponse.byLlhttp(prefix, requests: whole.responses.count) {
            case .failure(let error): Issue.record("accepted, but llhttp says \(error): \(printable(bytes))")
            case .success(let theirs):
                // Stricter: after HTTP/1.0 no connection is used again, whatever the server says.
                let same = zip(whole.responses, theirs).allSatisfy { ours, theirs in
                    var theirs = theirs
                    if !ours.keepsAlive { theirs.keepsAlive = false }
                    return ours == theirs
                }
                if !same || whole.responses.count != theirs.count { Issue.record("\(whole.responses), llhttp \(theirs): \(printable(bytes))") }
            }
        }
        #expect(accepted > 50, "too few to mean anything")
    }

    private static let pieces = [
        "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", ":", ",", ";", "=", "\"", "0", "5", "a", "\0", "\u{7F}", "é", "0\r\n\r\n", ";a=b", ";a",
        "HTTP/1.1 ",
        "HTTP/1.0 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "Content-Length: 3\r\n", "content-length: 0\r\n", "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n", "Connection: keep-alive\r\n", "X: y\r\n", "Upgrade: x\r\n", "chunked", "close", "\t\r\n", "X:\r\n",
        "Connection: upgrade\r\n",
        "0\r\nConnection: close\r\n\r\nHTTP/1.1 204 x\r\n\r\n", "=\"", "\\",
    ].map { Array($0.utf8) }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard let place = bytes.indices.randomElement(using: &random) else { return }
        let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: place)
        case 3: bytes.removeSubrange(place..<end)
        case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 5: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: oneOf([place, lineStart(bytes, place)], &random))
        }
    }

    private static func lineStart(_ bytes: [UInt8], _ place: Int) -> Int {
        (bytes[..<place].lastIndex(of: 0x0A) ?? -1) + 1
    }

    private static func oneOf(_ places: [Int], _ random: inout SplitMix64) -> Int { places.randomElement(using: &random) ?? 0 }
}
