// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ChannelNameTests {
    @Test(
        "A name is 1 to 256 bytes of UTF-8",
        arguments: ["a", "room-7", "a/b c?d#e%20", "日本", "🎈", String(repeating: "a", count: 256), String(repeating: "é", count: 128)])
    func accepts(_ text: String) {
        #expect(ChannelName(text)?.description == text)
    }

    @Test("The limit counts bytes, not characters", arguments: [String(repeating: "a", count: 257), String(repeating: "é", count: 129)])
    func refusesLongNames(_ text: String) {
        #expect(ChannelName(text) == nil)
    }

    @Test("The empty name and control characters are refused", arguments: ["", "\n", "a\nb", "a\r", "\ta", "\0", "a\u{1F}", "a\u{7F}b"])
    func refusesControlCharacters(_ text: String) {
        #expect(ChannelName(text) == nil)
    }

    @Test("Names that differ in letter case or in white space are different channels")
    func comparesExactly() {
        #expect(ChannelName.sample("Room") != .sample("room"))
        #expect(ChannelName.sample("room ") != .sample("room"))
        #expect(ChannelName.sample("room") == .sample("room"))
    }
}
