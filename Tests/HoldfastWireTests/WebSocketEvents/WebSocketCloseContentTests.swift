// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct WebSocketCloseContentTests {
    @Test(
        "Two bytes of code, then the reason; less is no code",
        arguments: [
            ([], .none, ""), ([0x03], .none, ""), ([0xFF], .none, ""), ([0x03, 0xE8], .normal, ""),
            ([0x0F, 0xA1, 0x77, 0x68, 0x79], CloseCode(4001), "why"), ([0, 0], CloseCode(0), ""), ([0xFF, 0xFF, 0x21], CloseCode(65535), "!"),
            ([0x03, 0xE9, 0xC3, 0xA9], .goingAway, "é"),
            // Nobody is to send it, but it is read.
            ([0x03, 0xED, 0x61], .none, ""), ([0x03, 0xEE, 0x61], .abnormal, "a"),
            // Repaired.
            ([0x03, 0xE8, 0xFF], .normal, "\u{FFFD}"),
        ] as [([UInt8], CloseCode, String)])
    func reads(_ bytes: [UInt8], _ code: CloseCode, _ reason: String) {
        let content = WebSocketCloseContent(.amid(bytes))
        #expect(content == WebSocketCloseContent(code: code, reason: reason))
        #expect(content.code == code)
        #expect(content.reason == reason)
    }

    @Test("An event without a length has no code")
    func noLength() {
        #expect(WebSocketCloseContent(nil) == WebSocketCloseContent(code: .none, reason: ""))
    }

    @Test(
        "What is written is read again",
        arguments: [(.normal, ""), (CloseCode(4999), "bye"), (CloseCode(0), "é"), (.abnormal, "x")] as [(CloseCode, String)])
    func writes(_ code: CloseCode, _ reason: String) throws {
        let content = try #require(WebSocketCloseContent(code: code, reason: reason).content)
        #expect(content.bytes == [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + Array(reason.utf8))
        #expect(WebSocketCloseContent(content) == WebSocketCloseContent(code: code, reason: reason))
    }

    @Test("Without a code nothing is written, not even a reason")
    func withoutCode() {
        #expect(WebSocketCloseContent(code: .none, reason: "lost").content == nil)
        #expect(WebSocketCloseContent(code: .none, reason: "lost").reason.isEmpty)
    }
}
