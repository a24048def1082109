// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct ControlMemoryTests {
    private static func time(_ ticks: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: ticks * 100_000_000) }

    private struct NoHead: Error {}

    /// Asks whether requests of these fields pass, one after the other.
    private static func verdicts(_ requests: [(fields: [String], tick: Int64)], _ gate: ControlGate) throws -> [Bool] {
        var memory = ControlMemory()
        return try requests.map { fields, tick in
            let bytes = Array((["POST / HTTP/1.1"] + fields + ["", ""]).joined(separator: "\r\n").utf8)
            return try bytes.withUnsafeBytes { bytes in
                guard case .head(let head) = PlainRequestHead.read(bytes) else { throw NoHead() }
                return memory.isAllowed(head, bytes, by: gate, at: time(tick))
            }
        }
    }

    @Test func eachTokenIsLookedAt() async throws {
        let gate = ControlGate(authorization: try await ControlAuthorization(token: "key", issuer: nil))
        let (good, bad) = ("authorization: Bearer key", "authorization: Bearer kez")
        let requests: [(fields: [String], tick: Int64)] = [
            ([bad], 0), ([good], 0), ([good], 0), ([bad], 0), (["authorization: Bearer ke"], 0), (["authorization: Bearer keys"], 0), ([], 0),
            ([good], 0),
            ([good], 1), ([bad], 1), ([good], 1), ([good, "origin: http://a", "host: evil"], 1), (["authorization:"], 1),
        ]
        let expected = [false, true, true, false, false, false, false, true, true, false, true, true, false]
        #expect(try Self.verdicts(requests, gate) == expected)
    }

    @Test("A token that has expired passes no longer, though it passed before")
    func expiry() async throws {
        let gate = ControlGate(authorization: try await ControlAuthorization(token: "key", issuer: nil))
        let token = try await TokenSigner(GripKey("key"), issuer: "a", setting: "").sign(at: 2_000_000_000)
        let bytes = Array("POST / HTTP/1.1\r\nauthorization: Bearer \(token)\r\n\r\n".utf8)
        let clock = Clock()
        var memory = ControlMemory { clock.seconds }
        var found: [Bool] = []
        for (tick, seconds) in [(0, 0.0), (1, 3599.9), (1, 3600), (2, 3600), (3, 3599)] {
            clock.seconds = 2_000_000_000 + seconds
            found.append(
                try bytes.withUnsafeBytes { bytes in
                    guard case .head(let head) = PlainRequestHead.read(bytes) else { throw NoHead() }
                    return memory.isAllowed(head, bytes, by: gate, at: Self.time(Int64(tick)))
                })
        }
        // Within a tick nobody asks for the time.
        #expect(found == [true, true, true, false, true])
    }

    private final class Clock {
        var seconds = 0.0
    }

    @Test func withoutATokenPagesAndNamesAreLookedAt() throws {
        let gate = ControlGate(authorization: nil, knownHosts: ["gateway.internal"])
        let requests: [(fields: [String], tick: Int64)] = [
            (["host: localhost"], 0), (["host: localhost:7001"], 0), (["host: localhost", "origin: http://a"], 0), (["host: evil.test"], 0),
            (["host: gateway.internal"], 0), (["host: 10.0.0.1:80"], 0), ([], 0), (["host: localhost"], 5), (["host: localhost", "origin: null"], 5),
        ]
        #expect(try Self.verdicts(requests, gate) == [true, true, false, false, true, true, false, true, false])
    }

    @Test func mediaTypes() {
        var memory = ControlMemory()
        let types = ["text/plain", "Application/JSON; charset=utf-8", "text/plain", "application/octet-stream ", "", "application/json"]
        let found = types.map { type in Array(type.utf8).withUnsafeBytes { memory.mediaType($0) } }
        #expect(found == ["text/plain", "application/json", "text/plain", "application/octet-stream", "", "application/json"])
        #expect(memory.mediaType(nil) == nil)
    }

    @Test func theDateGoesOn() {
        let clock = Clock()
        var memory = ControlMemory { clock.seconds }
        func text(_ tick: Int64, _ seconds: Double) -> String {
            clock.seconds = seconds
            return String(buffer: memory.endOfHead(at: Self.time(tick)))
        }
        let first = "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: holdfast\r\n\r\n"
        #expect(text(0, 784_111_777) == first)
        #expect(text(0, 784_111_778) == first)
        #expect(text(1, 784_111_777.9) == first)
        #expect(text(2, 784_111_778) == first.replacing("37 GMT", with: "38 GMT"))
    }
}
