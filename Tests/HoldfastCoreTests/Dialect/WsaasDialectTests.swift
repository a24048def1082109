// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct WsaasDialectTests {
    @Test("App and gateway say what the transcript has", arguments: try Transcript.all(of: "wsaas"))
    func transcript(_ transcript: Transcript) throws {
        try TranscriptPlayer.play(transcript) { settings in
            var chosen = WsaasDialect.Settings()
            if let address = settings["localAddress"] { chosen.localAddress = address }
            if let timeout = settings["timeout"].flatMap(Int.init) { chosen.timeout = timeout }
            if let limit = settings["maxMessageBytes"].flatMap(Int.init) { chosen.maxMessageBytes = limit }
            if let type = settings["textContentType"] { chosen.textContentType = type }
            chosen.answersWithStatus = settings["answersWithStatus"] == "true"
            return WsaasDialect(settings: chosen)
        }
    }

    @Test("The engine knows what the convention can do")
    func traits() {
        let dialect = WsaasDialect(settings: WsaasDialect.Settings())
        #expect(dialect.name == "wsaas")
        #expect(dialect.traits == DialectTraits(batches: false, isRepeatable: false, isSigned: false, keepsHeaders: ["authorization"]))
    }

    @Test("The settings are by default what the original has")
    func defaults() {
        let settings = WsaasDialect.Settings()
        #expect(settings.localAddress == "http://localhost:8081")
        #expect(settings.timeout == 30_000)
        #expect(settings.maxMessageBytes == 131_071)
        #expect(settings.textContentType == "application/json")
        #expect(!settings.answersWithStatus)
    }
}
