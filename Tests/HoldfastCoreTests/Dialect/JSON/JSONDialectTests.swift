// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct JSONDialectTests {
    @Test("App and gateway say what the transcript has", arguments: try Transcript.all(of: "json"))
    func transcript(_ transcript: Transcript) throws {
        try TranscriptPlayer.play(transcript) { settings in
            JSONDialect(forwardHeaders: settings["forwardHeaders"]?.split(separator: " ").map(String.init) ?? [])
        }
    }

    @Test("The engine knows what the convention can do")
    func traits() {
        let dialect = JSONDialect(forwardHeaders: ["cookie", "x-user"])
        #expect(dialect.name == "json")
        let traits = DialectTraits(
            batches: true, isRepeatable: true, isSigned: true, keepsHeaders: ["cookie", "x-user"], tellsChannelsAtEnd: true)
        #expect(dialect.traits == traits)
        #expect(JSONDialect().traits.keepsHeaders.isEmpty)
    }
}
