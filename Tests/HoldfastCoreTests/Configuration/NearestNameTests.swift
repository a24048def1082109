// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct NearestNameTests {
    private static let keys = ["listen", "control", "maxMessageBytes", "maxStateBytes", "webhook", "timeout", "retries", "node", "log"]

    @Test(
        "A slip is recognised: letters missing, doubled, swapped, wrong or in the other case",
        arguments: [
            ("listne", "listen"), ("listenn", "listen"), ("liste", "listen"), ("lisden", "listen"), ("LISTEN", "listen"), ("Control", "control"),
            ("maxmessagebytes", "maxMessageBytes"), ("max_message_bytes", "maxMessageBytes"), ("maxMessageSize", "maxMessageBytes"),
            ("web-hook", "webhook"), ("webhooks", "webhook"), ("retires", "retries"), ("nodes", "node"), ("ndoe", "node"), ("timeOut", "timeout"),
        ])
    func slips(_ name: String, _ meant: String) {
        #expect(NearestName.of(name, among: Self.keys) == meant)
    }

    @Test("What is too far from everything is no slip", arguments: ["banana", "port", "completelyDifferentSetting", "xyz", ""])
    func strangers(_ name: String) {
        #expect(NearestName.of(name, among: Self.keys) == nil)
    }

    @Test("The nearest of several counts, and of equals the first")
    func nearest() {
        #expect(NearestName.of("maxStateByte", among: Self.keys) == "maxStateBytes")
        #expect(NearestName.of("bot", among: ["cot", "dot"]) == "cot")
        #expect(NearestName.of("node", among: ["nodes", "node"]) == "node")
        #expect(NearestName.of("node", among: []) == nil)
    }
}
