// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct SlipDialectTests {
    @Test("App and gateway say what the transcript has", arguments: try Transcript.all(of: "slip"))
    func transcript(_ transcript: Transcript) throws {
        try TranscriptPlayer.play(transcript) { settings in
            let chosen = SlipSettings(extended: settings["extended"] != "false", batches: settings["batches"] == "true")
            var limits = ConnectionLimits()
            if let most = settings["maxChannels"].flatMap(Int.init) { limits.maxChannels = most }
            if let most = settings["maxStateBytes"].flatMap(Int.init) { limits.maxStateBytes = most }
            return SlipDialect(settings: chosen, limits: limits)
        }
    }

    @Test("The engine knows what the convention can do")
    func traits() {
        let dialect = SlipDialect(settings: SlipSettings())
        #expect(dialect.name == "slip")
        #expect(
            dialect.traits
                == DialectTraits(
                    batches: false, isRepeatable: false, isSigned: false, repeatsWhenStale: true, contentType: "application/websocket-events"))
        #expect(SlipDialect(settings: SlipSettings(batches: true)).traits.batches)
    }

    @Test("Only without additions is a binary message more than the app can hear", arguments: [true, false])
    func binaryMessages(extended: Bool) {
        let dialect = SlipDialect(settings: SlipSettings(extended: extended))
        let binary = [SequencedEvent(seq: 2, event: .message(.binary(ByteBuffer(bytes: [1]))))]
        let text = [SequencedEvent(seq: 2, event: .message(.sample("x")))]
        #expect(dialect.unasked(binary, in: .sample()) == (extended ? nil : [.close(.unsupportedData, reason: "only text is supported", to: nil)]))
        #expect(dialect.unasked(text, in: .sample()) == nil)
    }

    @Test("A secret of its own takes the place of the control token")
    func access() throws {
        let refused = ControlReply(status: 403, contentType: "text/plain; charset=utf-8", body: "Invalid token")
        for body in [#"{"events":[]}"#, "", "nonsense"] {
            let request = ControlRequest(method: "POST", path: "/", contentType: "application/websocket-events", body: ByteBuffer(string: body))
            let own = try #require(SlipDialect(settings: SlipSettings(jwtSecret: "key")).command(from: request))
            #expect(own.access == .signed(otherwise: refused))
            #expect(try #require(SlipDialect(settings: SlipSettings()).command(from: request)).access == .controlToken)
        }
    }

    @Test("With a secret, all JSON is meant for it; without, only what is a list of events", arguments: [true, false])
    func json(hasSecret: Bool) {
        let request = ControlRequest(method: "POST", path: "/x", contentType: "application/json", body: ByteBuffer(string: "{}"))
        #expect((SlipDialect(settings: SlipSettings(jwtSecret: hasSecret ? "key" : nil)).command(from: request) != nil) == hasSecret)
    }

    @Test("A refusal of the app keeps its bytes")
    func refusalKeepsTheBytesOfTheBody() throws {
        var bytes = ByteBuffer(bytes: Array("HTTP/1.1 418 x\r\ncontent-length: 2\r\n\r\n".utf8) + [0xFF, 0x00])
        var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 1000)
        let response = try #require(try reader.next(from: &bytes))
        let events = [SequencedEvent(seq: 1, event: .open(.sample()))]
        let actions = try SlipDialect(settings: SlipSettings()).actions(from: response, to: events, in: .sample())
        #expect(actions == [.reject(Refusal(status: 418, bytes: ByteBuffer(bytes: [0xFF, 0x00])))])
    }
}
