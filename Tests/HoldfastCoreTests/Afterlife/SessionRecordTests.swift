// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct SessionRecordTests {
    /// One for each way in which a dialect can be set up to tell an end.
    private static let samples: [(String, RouteConfiguration, SessionRecord)] = {
        let browser = SessionRecord.browserHeaders
        let state = ["user": "42", "draft": "wörld \"\u{1}\n", "metadata": "{\"a\":[1]}", "connection": "main", "tagged": ""]
        func make(
            _ what: String, _ dialect: DialectName, direction: ConnectionFacts.Direction = .inbound, isTrusted: Bool = false,
            _ adjust: (inout RouteConfiguration) -> Void = { _ in }
        ) -> (String, RouteConfiguration, SessionRecord) {
            let route = RouteConfiguration.sample(dialect, adjust)
            let record = SessionRecord.sample(
                route, headers: browser, direction: direction, chosenProtocol: "v2.chat", state: state, channels: ["room-7", "räume/ü"],
                isTrusted: isTrusted)
            return (what, route, record)
        }
        return [
            make("json", .json), make("json, outbound", .json, direction: .outbound),
            make("json with headers", .json) { $0.forwardHeaders = ["cookie", "user-agent"] },
            make("wsaas", .wsaas), make("grip", .grip), make("grip behind a proxy", .grip, isTrusted: true),
            make("grip without its prefix", .grip) { $0.grip.replacePrefix = "/inner" },
            make("slip", .slip), make("slip as published", .slip) { $0.slip.extended = false },
            make("wsify", .wsify) { $0.wsify = WsifySettings(identity: true, disconnect: true) },
            make("wsify v2", .wsify) { $0.wsify = WsifySettings(version: .v2, identity: true) },
            make("unsocket", .unsocket, direction: .outbound) { $0.unsocket.lifecycle = true },
            make("unsocket, arrays", .unsocket, direction: .outbound) { $0.unsocket = UnsocketSettings(form: .array, lifecycle: true) },
        ]
    }()

    private static let event = [SequencedEvent(seq: SessionRecord.closingSeq, event: .end(.lost("the gateway node web-1 was lost")))]

    @Test("Another node's closing event is the one that the lost node would have sent, in every dialect")
    func sameEvent() throws {
        for (what, route, record) in Self.samples {
            let session = SessionView(
                facts: record.facts, chosenProtocol: record.chosenProtocol, state: record.state, channels: record.channels)
            let own = route.speaker.request(for: Self.event, in: session)
            let kept = try #require(record.encoded.flatMap(SessionRecord.init), "\(what)")
            let other = route.speaker.request(
                for: [SequencedEvent(seq: SessionRecord.closingSeq, event: .end(kept.ending))], in: kept.session)
            #expect(text(own) == text(other), "\(what)")
            #expect(own.method == other.method && own.pathSuffix == other.pathSuffix && own.headers == other.headers, "\(what)")
            #expect(own.contentType == other.contentType, "\(what)")
            #expect(kept.trace == record.trace && kept.isTrusted == record.isTrusted, "\(what)")
            #expect(kept.facts.direction == record.facts.direction && kept.facts.id == record.facts.id, "\(what)")
        }
    }

    @Test("What is told: 1006, not clean, whose node was lost, and a number that no event before it has")
    func words() throws {
        let record = SessionRecord.sample(.sample(.json), state: ["user": "42"], channels: ["room-7"])
        let body = text(RouteConfiguration.sample(.json).speaker.request(for: Self.event, in: record.session)).body
        #expect(
            body.hasSuffix(
                #""state":{"user":"42"},"channels":["room-7"]},"events":[{"seq":9007199254740991,"type":"close","code":1006,"reason":"","#
                    + #""clean":false,"error":"the gateway node web-1 was lost"}]}"#))
    }

    @Test("GRIP: DISCONNECT, with what the app has set up and the connection's id")
    func grip() throws {
        let route = RouteConfiguration.sample(.grip)
        let record = SessionRecord.sample(route, headers: SessionRecord.browserHeaders, state: ["user": "alice"])
        let kept = try #require(record.encoded.flatMap(SessionRecord.init))
        let request = route.speaker.request(for: Self.event, in: kept.session)
        #expect(text(request).body == "DISCONNECT\r\n")
        #expect(text(request).head.contains("connection-id: \(record.facts.idText)\r\n"))
        #expect(request.headers.contains(.init(name: "meta-user", value: "alice")))
    }

    @Test("Which dialects tell ends at all, as they are set up")
    func tellsEnds() {
        let told: [(DialectName, Bool, (inout RouteConfiguration) -> Void)] = [
            (.json, true, { _ in }), (.grip, true, { _ in }), (.slip, true, { _ in }), (.slip, true, { $0.slip.extended = false }),
            (.wsaas, true, { _ in }), (.wsify, false, { _ in }), (.wsify, true, { $0.wsify.disconnect = true }),
            (
                .wsify, false,
                {
                    $0.wsify.disconnect = true
                    $0.target = nil
                }
            ),
            (.unsocket, false, { _ in }), (.unsocket, true, { $0.unsocket.lifecycle = true }),
        ]
        for (dialect, expected, adjust) in told {
            #expect(RouteConfiguration.sample(dialect, adjust).speaker.tellsEnds == expected, "\(dialect)")
        }
    }

    @Test("A connection of the json dialect with a few headers takes no more than 300 bytes")
    func size() throws {
        let route = RouteConfiguration.sample(.json) { $0.forwardHeaders = ["cookie", "authorization"] }
        let record = SessionRecord.sample(
            route, headers: SessionRecord.browserHeaders, chosenProtocol: "v2.chat", state: ["user": "42"], channels: ["room-7", "news"])
        #expect(try #require(record.encoded).bytes.readableBytes <= 200)
    }

    @Test("The route can be told without reading the rest")
    func route() throws {
        for (what, route, record) in Self.samples { #expect(SessionRecord.route(of: try #require(record.encoded)) == route.name, "\(what)") }
    }

    @Test("What is too large is not kept")
    func tooLarge() {
        let route = RouteConfiguration.sample(.json)
        #expect(SessionRecord.sample(route, state: ["a": String(repeating: "x", count: SessionRecord.maxBytes - 200)]).encoded != nil)
        #expect(SessionRecord.sample(route, state: ["a": String(repeating: "x", count: SessionRecord.maxBytes)]).encoded == nil)
    }

    // MARK: Bytes that are no record

    @Test("No part of a record is taken for a record, nor one with something behind it")
    func truncated() throws {
        for (what, _, record) in Self.samples {
            let whole = try #require(record.encoded)
            for count in 0..<whole.bytes.readableBytes {
                let part = ConnectionRecord(id: whole.id, bytes: whole.bytes.getSlice(at: 0, length: count) ?? ByteBuffer())
                #expect(SessionRecord(part) == nil, "\(what): \(count) bytes")
            }
            var more = whole.bytes
            more.writeInteger(UInt8(0))
            #expect(SessionRecord(ConnectionRecord(id: whole.id, bytes: more)) == nil, "\(what)")
        }
    }

    @Test("A version or a bit that is not known is no record")
    func unknown() throws {
        let whole = try #require(SessionRecord.sample(.sample(.json)).encoded)
        for (place, value) in [(0, UInt8(2)), (0, 0), (0, 255), (1, 16), (1, 128)] {
            var bytes = whole.bytes
            bytes.setInteger(value, at: place)
            #expect(SessionRecord(ConnectionRecord(id: whole.id, bytes: bytes)) == nil)
        }
    }

    @Test("Whatever the bytes, reading them ends, and what is read can be told")
    func garbage() throws {
        var random = QuickRandom(seed: 11)
        for (_, route, record) in Self.samples {
            let whole = try #require(record.encoded)
            for _ in 0..<2000 {
                var bytes = whole.bytes
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    bytes.setInteger(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0..<bytes.readableBytes, using: &random))
                }
                let changed = ConnectionRecord(id: whole.id, bytes: bytes)
                _ = SessionRecord.route(of: changed)
                guard let read = SessionRecord(changed) else { continue }
                _ = route.speaker.request(for: Self.event, in: read.session)
            }
        }
        for length in 0..<400 {
            let noise = (0..<length).map { $0 == 0 ? 1 : UInt8.random(in: 0...255, using: &random) }
            _ = SessionRecord(ConnectionRecord(id: .sample(), bytes: ByteBuffer(bytes: noise)))
        }
    }

    @Test("Lengths beyond the end, or longer than any length, are refused before anything is made for them")
    func lengths() {
        for tail: [UInt8] in [[0xFF, 0xFF, 0xFF, 0x7F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x80], [0x05, 0x61]] {
            #expect(SessionRecord(ConnectionRecord(id: .sample(), bytes: ByteBuffer(bytes: [1, 0] + tail))) == nil)
        }
    }

    private func text(_ request: WebhookRequest) -> (head: String, body: String) {
        var head = ByteBuffer()
        request.head?.write(into: &head)
        return (String(buffer: head), String(buffer: request.body))
    }
}
