// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct GripDialectTests {
    private static func dialect(_ settings: GripSettings = GripSettings()) throws -> GripDialect {
        GripDialect(settings: settings, path: .all, target: try #require(TargetURL("http://localhost:8000")), maxMessageBytes: 1 << 20)
    }

    @Test("App and gateway say what the transcript has", arguments: try Transcript.all(of: "grip"))
    func transcript(_ transcript: Transcript) throws {
        try TranscriptPlayer.play(transcript) { settings in
            var chosen = GripSettings()
            chosen.channelPrefix = settings["channelPrefix"] ?? ""
            chosen.subscribe = settings["subscribe"]?.split(separator: " ").map { .sample(String($0)) } ?? []
            chosen.noGrip = settings["noGrip"] == "true"
            return try Self.dialect(chosen)
        }
    }

    @Test("The engine knows what the convention can do")
    func traits() throws {
        let dialect = try Self.dialect()
        #expect(dialect.name == "grip")
        #expect(
            dialect.traits
                == DialectTraits(
                    batches: true, isRepeatable: false, isSigned: false, keepsHeaders: [], isProxy: true, repeatsWhenStale: true,
                    isCalledWithoutNews: true))
    }

    @Test("The other conventions have no such traits, and nothing to keep of the opening request")
    func others() {
        for dialect in [JSONDialect(), WsaasDialect(settings: WsaasDialect.Settings())] as [any Dialect] {
            #expect(!dialect.traits.isProxy && !dialect.traits.repeatsWhenStale && !dialect.traits.isCalledWithoutNews)
            #expect(dialect.webhookHead(of: .sample(), id: .sample()) == nil)
        }
    }

    @Test("The head that was made for the connection goes with every webhook")
    func head() throws {
        let dialect = try Self.dialect()
        let events = [SequencedEvent(seq: 2, event: .message(.sample("hello")))]
        let head = dialect.webhookHead(of: .sample(), id: .sample())
        let facts = ConnectionFacts(id: .sample(), direction: .inbound, route: "chat", request: .sample(), keeping: [], webhookHead: head)
        #expect(head != nil)
        #expect(dialect.request(for: events, in: SessionView(facts: facts)).head == head)
        #expect(dialect.request(for: events, in: .sample()).head == nil)
    }

    @Test("State that did not come from a header, and could not be one, is not written into the request")
    func stateThatIsNoHeader() throws {
        let entries = [
            ("user", "alice"), ("a b", "1"), ("", "1"), ("x\r\ny: 1", "1"), ("é", "1"), ("crlf", "1\r\nx-evil: 1"), ("lf", "1\nx-evil: 1"),
            ("nul", "\0"),
            ("last", "é \"quoted\""),
        ]
        let state = ConnectionState().merging(StatePatch(entries.map { StatePatch.Change(key: $0.0, value: $0.1) }))
        let request = try Self.dialect().request(for: [SequencedEvent(seq: 2, event: .refresh)], in: .sample(state: state))
        #expect(request.headers == [.init(name: "meta-user", value: "alice"), .init(name: "meta-last", value: "é \"quoted\"")])
    }

    // MARK: Limits

    /// What a connection with GRIP makes of an answer with these text messages.
    private func actions(_ texts: [String], meta: [String: String] = [:]) throws -> [Action] {
        var body = ByteBuffer()
        for text in texts { WebSocketEventWriter.write(.text, ByteBuffer(string: text), into: &body) }
        var bytes = ByteBuffer(
            string: "HTTP/1.1 200 OK\r\ncontent-type: application/websocket-events\r\ncontent-length: \(body.readableBytes)\r\n\r\n")
        bytes.writeBuffer(&body)
        var reader = HTTPResponseReader(maxHeadBytes: 1024, maxBodyBytes: 1 << 20)
        let response = try #require(try reader.next(from: &bytes))
        let session = SessionView(facts: SessionView.sample().facts, grip: GripSession(messagePrefix: "m:", meta: meta))
        return try Self.dialect().actions(from: response, to: [SequencedEvent(seq: 2, event: .refresh)], in: session)
    }

    private static func setMeta(_ name: String, _ count: Int) -> String {
        "c:{\"type\":\"set-meta\",\"name\":\"\(name)\",\"value\":\"\(String(repeating: "x", count: count))\"}"
    }

    @Test("The values that filters go by are measured as they are set, with their names: 4096 bytes in all")
    func metaBytes() throws {
        let full = String(repeating: "x", count: 4095)
        #expect(try actions([Self.setMeta("a", 4095)]) == [.control(.remember(GripSession(messagePrefix: "m:", meta: ["a": full])), to: nil)])
        // What is replaced makes room, before and behind.
        #expect(throws: Never.self) { try actions([Self.setMeta("a", 4000), Self.setMeta("a", 1), Self.setMeta("b", 4000)]) }
        #expect(throws: Never.self) { try actions([#"c:{"type":"set-meta","name":"a"}"#, Self.setMeta("b", 4095)], meta: ["a": full]) }
        let message = "events[1]: set-meta: more than 4096 bytes in all"
        for (texts, meta) in [
            (["m:hi", Self.setMeta("a", 4096)], [:]), ([Self.setMeta("a", 4000), Self.setMeta("b", 95)], [:]),
            (["m:hi", Self.setMeta("b", 0)], ["a": full]),
        ] as [([String], [String: String])] {
            let error = #expect(throws: DialectError.self) { try actions(texts, meta: meta) }
            #expect(error == .notUnderstood(message))
        }
    }

    @Test("A channel's name may have 256 bytes")
    func longChannel() throws {
        let longest = String(repeating: "é", count: 128)
        #expect(try actions(["c:{\"type\":\"subscribe\",\"channel\":\"\(longest)\"}"]) == [.subscribe(.sample(longest), to: nil)])
        #expect(throws: DialectError.notUnderstood("events[0].channel: \(ChannelName.rule)")) {
            try actions(["c:{\"type\":\"subscribe\",\"channel\":\"\(longest)x\"}"])
        }
    }

    @Test("A reason for closing that is too long for a close frame is cut, not passed on to fail")
    func longReason() throws {
        var body = ByteBuffer()
        WebSocketEventWriter.write(.close, WebSocketCloseContent(code: .normal, reason: String(repeating: "é", count: 1000)).content, into: &body)
        #expect(try WebSocketEventReader.read(body).count == 1)
        let frame = FrameWriter.close(.normal, reason: String(repeating: "é", count: 1000))
        #expect(frame.readableBytes == 2 + 2 + 122)
    }
}
