// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct UnsocketDialectTests {
    @Test("App and gateway say what the transcript has", arguments: try Transcript.all(of: "unsocket"))
    func transcript(_ transcript: Transcript) throws {
        try TranscriptPlayer.play(transcript) { settings in
            UnsocketDialect(
                settings: UnsocketSettings(
                    form: settings["form"].flatMap(UnsocketSettings.Form.init) ?? .object, lifecycle: settings["lifecycle"] == "true",
                    reconnect: settings["reconnect"] != "false", binaryAsText: settings["binaryAsText"] == "true"))
        }
    }

    @Test("The engine knows what the convention can do")
    func traits() {
        let dialect = UnsocketDialect(settings: UnsocketSettings())
        #expect(dialect.name == "unsocket")
        #expect(dialect.traits == DialectTraits(batches: false, isRepeatable: true, isSigned: false, answersSome: true))
    }

    private static let events: [(Event, Bool)] = [
        (.ready(DialQuestion()), false), (.ready(DialQuestion(name: "1", failures: 1)), false), (.open(.sample()), true), (.end(.lost()), true),
        (.message(.sample("hello")), false), (.message(.binary(ByteBuffer())), false), (.ping(ByteBuffer()), false), (.pong(ByteBuffer()), false),
    ]

    @Test("Beginnings and ends are told only where that is wanted; everything else always", arguments: events)
    func unasked(_ event: Event, _ isLifecycle: Bool) {
        let events = [SequencedEvent(seq: 1, event: event)]
        let answer = UnsocketDialect(settings: UnsocketSettings()).unasked(events, in: .sample())
        #expect(answer == (isLifecycle ? [] : nil))
        #expect(UnsocketDialect(settings: UnsocketSettings(lifecycle: true)).unasked(events, in: .sample()) == nil)
    }

    @Test("A repetition has the same id, another event or connection another one")
    func ids() {
        let dialect = UnsocketDialect(settings: UnsocketSettings())
        func id(_ seq: Int, _ connection: ConnectionID) -> String? {
            let events = [SequencedEvent(seq: seq, event: .message(.sample("hello")))]
            return dialect.request(for: events, in: .sample(id: connection)).headers.first { $0.name == "webhook-id" }?.value
        }
        #expect(id(3, .sample(1)) == id(3, .sample(1)))
        #expect(Set([id(3, .sample(1)), id(4, .sample(1)), id(3, .sample(2))]).count == 3)
    }

    @Test("A push to the place of a message needs the control token")
    func access() throws {
        let dialect = UnsocketDialect(settings: UnsocketSettings())
        let request = ControlRequest(method: "POST", path: "/message", contentType: "text/plain", body: ByteBuffer(string: "hello"))
        #expect(try #require(dialect.command(from: request)).access == .controlToken)
    }

    @Test("Another method is told which one there is")
    func method() throws {
        let dialect = UnsocketDialect(settings: UnsocketSettings())
        let command = try #require(dialect.command(from: ControlRequest(method: "PUT", path: "/message", body: ByteBuffer())))
        #expect(command.reply([]).headers == [OpeningRequest.Field(name: "allow", value: "POST")])
    }
}
