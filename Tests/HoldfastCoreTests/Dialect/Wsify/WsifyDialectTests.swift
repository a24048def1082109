// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastCore

@Suite struct WsifyDialectTests {
    @Test("App, clients and gateway say what the transcript has", arguments: try Transcript.all(of: "wsify"))
    func transcript(_ transcript: Transcript) throws {
        try TranscriptPlayer.play(transcript) { settings in
            var chosen = WsifySettings()
            if let version = settings["version"] { chosen.version = try #require(WsifySettings.Version(rawValue: version)) }
            chosen.broadcastingKey = settings["key"] ?? ""
            chosen.broadcastPath = settings["path"]
            if let events = settings["events"] { chosen.events = Set(events.split(separator: " ").compactMap { .init(rawValue: String($0)) }) }
            chosen.acks = settings["acks"] == "true"
            chosen.identity = settings["identity"] == "true"
            chosen.disconnect = settings["disconnect"] == "true"
            chosen.targets = settings["targets"] == "true"
            return WsifyDialect(
                settings: chosen, isAsked: settings["asked"] != "false", maxChannels: settings["maxChannels"].flatMap(Int.init) ?? 128)
        }
    }

    @Test("The engine knows what the convention can do")
    func traits() {
        let three = WsifyDialect(settings: WsifySettings())
        #expect(three.name == "wsify")
        #expect(
            three.traits
                == DialectTraits(
                    batches: false, isRepeatable: false, isSigned: false, failureCode: .normal, isAbandonedWhole: true, answersSome: true))
        #expect(WsifyDialect(settings: WsifySettings(version: .v2)).traits.failureCode == .internalError)
    }

    @Test("The settings are by default what the original has, and what it has not is off")
    func defaults() {
        let settings = WsifySettings()
        #expect(settings.version == .v3)
        #expect(settings.broadcastingKey.isEmpty)
        #expect(settings.broadcastPath == nil)
        #expect(settings.publishPath == "/broadcast")
        #expect(WsifySettings(version: .v2).publishPath == "/publish")
        #expect(settings.events == Set(WsifySettings.EventName.allCases))
        #expect(!settings.acks && !settings.identity && !settings.disconnect && !settings.targets)
    }

    @Test("Every status but 200 refuses each command, and only the failures end the connection", arguments: ["join", "leave", "broadcast"])
    func statuses(command: String) throws {
        let dialect = WsifyDialect(settings: WsifySettings())
        let frame = ByteBuffer(string: "{\"command\":\"\(command)\",\"args\":{\"channel\":\"c\"}}")
        let events = [SequencedEvent(seq: 2, event: .message(.text(frame)))]
        for status in 200...599 where status != 304 {
            let response = try response(status)
            switch status {
            case 200: #expect(try dialect.actions(from: response, to: events, in: .sample()).count == 1)
            case 500...:
                #expect(throws: DialectError.status(status)) { try dialect.actions(from: response, to: events, in: .sample()) }
            default: #expect(try dialect.actions(from: response, to: events, in: .sample()).isEmpty, "\(status)")
            }
        }
    }

    @Test("No status but 200 lets a client in")
    func openingStatuses() throws {
        let dialect = WsifyDialect(settings: WsifySettings())
        let events = [SequencedEvent(seq: 1, event: .open(.sample()))]
        for status in 201...599 where status != 304 {
            #expect(try dialect.actions(from: try response(status), to: events, in: .sample()) == [.reject(Refusal(status: 403, body: ""))])
        }
    }

    @Test("Whatever it is asked about, it writes a request, and reads any answer to it")
    func oddEvents() throws {
        let dialect = WsifyDialect(settings: WsifySettings(acks: true))
        let events: [Event] = [.ping(ByteBuffer()), .pong(ByteBuffer()), .refresh, .message(.text(ByteBuffer(string: "no command")))]
        for event in events {
            let batch = [SequencedEvent(seq: 2, event: event)]
            #expect(try JSONReader.parse(dialect.request(for: batch, in: .sample()).body).object != nil)
            #expect(try dialect.actions(from: response(200), to: batch, in: .sample()).isEmpty)
            #expect(dialect.unasked(batch, in: .sample()) != nil)
        }
        #expect(dialect.unasked([], in: .sample()) == [])
    }

    @Test("A publication names at most so many receivers")
    func receivers() throws {
        let dialect = WsifyDialect(settings: WsifySettings(version: .v2))
        for count in [1000, 1001] {
            let keys = (0..<count).map { "\"\($0)\"" }.joined(separator: ",")
            let request = ControlRequest(
                method: "POST", path: "/publish", contentType: "application/json",
                body: ByteBuffer(string: "{\"channel\":\"c\",\"to\":[\(keys)]}"))
            let command = try #require(dialect.command(from: request))
            #expect(command.actions.count == (count == 1000 ? 1000 : 0))
            #expect(command.reply(command.actions.map { _ in .done(delivered: 0) }).status == (count == 1000 ? 200 : 422))
        }
    }

    @Test("Keys that only look the same are two receivers")
    func spellings() throws {
        let channel = ChannelName.sample("c")
        #expect(WsifyChannel.target(channel, key: "\u{E9}") != WsifyChannel.target(channel, key: "e\u{301}"))
        #expect(WsifyChannel.target(.sample("a"), key: "bc") != WsifyChannel.target(.sample("ab"), key: "c"))
        let dialect = WsifyDialect(settings: WsifySettings(version: .v2))
        let request = ControlRequest(
            method: "POST", path: "/publish", contentType: "application/json",
            body: ByteBuffer(string: "{\"channel\":\"c\",\"to\":[\"\u{E9}\",\"e\u{301}\"]}"))
        #expect(dialect.command(from: request)?.actions.count == 2)
    }

    @Test("The head alone tells that the key is missing", arguments: ["", "key=x", "key=", "KEY=k"])
    func heads(query: String) {
        let dialect = WsifyDialect(settings: WsifySettings(broadcastingKey: "k"))
        func head(_ method: String, _ path: String, _ query: String) -> ControlReply? {
            dialect.refusal(ofHead: ControlRequest(method: method, path: path, query: query, body: ByteBuffer()))
        }
        #expect(head("POST", "/broadcast", query) == ControlReply(status: 403, body: ""))
        #expect(head("POST", "/broadcast", "key=k") == nil)
        #expect(head("GET", "/broadcast", query) == nil)
        #expect(head("POST", "/other", query) == nil)
    }

    private func response(_ status: Int) throws -> HTTPResponseMessage {
        var bytes = ByteBuffer(string: "HTTP/1.1 \(status) OK\r\n" + (status == 204 ? "\r\n" : "content-length: 0\r\n\r\n"))
        var reader = HTTPResponseReader(maxHeadBytes: 1 << 10, maxBodyBytes: 1 << 10)
        return try #require(try reader.next(from: &bytes))
    }
}
