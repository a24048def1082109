// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite struct NATSSessionTests {
    private static let info = #"INFO {"server_id":"S","max_payload":1000,"headers":true}"# + "\r\n"

    /// One that the server has accepted.
    private func ready(_ login: BusLogin = .none) -> NATSSession {
        var session = NATSSession(.plain(login))
        session.opened()
        #expect(session.receive(Self.info).failure == nil)
        #expect(session.receive("PONG\r\n").events == [.ready])
        session.output.clear()
        return session
    }

    private func settled() -> NATSSession {
        var session = ready()
        session.subscribe(["a", "b"])
        session.settle()
        #expect(session.receive("PONG\r\n").events == [.settled])
        session.output.clear()
        return session
    }

    // MARK: Greeting

    @Test("It says who it is when the server has spoken, and is ready when the server answers")
    func greeting() throws {
        var session = NATSSession(.plain())
        session.opened()
        #expect(session.said() == "")
        #expect(session.receive(Self.info).events == [.messageLimit(1000)])
        #expect(session.messageLimit == 1000)
        let said = session.said()
        #expect(said.hasPrefix("CONNECT {") && said.hasSuffix("}\r\nPING\r\n"))
        let json = try JSONReader.parse(ByteBuffer(string: String(said.dropFirst(8).dropLast(6))))
        for name in ["verbose", "pedantic", "echo", "headers", "no_responders", "tls_required"] { #expect(json[name]?.bool == false) }
        #expect(json["name"]?.string == "holdfast-a")
        #expect(json["lang"]?.string == "swift")
        #expect(json["version"]?.string == "1.0")
        #expect(json["protocol"]?.integer == 1)
        #expect(json["user"] == nil && json["auth_token"] == nil && json["jwt"] == nil)
        #expect(session.receive("PONG\r\n") == BusNews(events: [.ready]))
    }

    @Test("Credentials go where they belong")
    func credentials() throws {
        func connect(_ login: BusLogin, _ info: String = Self.info) throws -> JSONValue {
            var session = NATSSession(.plain(login))
            _ = session.receive(info)
            return try JSONReader.parse(ByteBuffer(string: String(session.said().dropFirst(8).dropLast(6))))
        }
        let password = try connect(.password(user: "u\"", "p\u{1F512}"))
        #expect(password["user"]?.string == "u\"" && password["pass"]?.string == "p\u{1F512}")
        #expect(try connect(.token("t"))["auth_token"]?.string == "t")
        let file = try NATSCredentials(file: NATSCredentialsTests.file)
        let signed = try connect(.credentials(file), #"INFO {"nonce":"nonce-1"}"# + "\r\n")
        #expect(signed["jwt"]?.string == "a.b.c")
        #expect(signed["sig"]?.string == file.signature(of: "nonce-1"))
        #expect(try connect(.credentials(file))["sig"] == nil)
    }

    @Test(
        "Credentials that the server refuses are a refusal, with a word on where they come from",
        arguments: [
            (BusLogin.none, "nats://user:password@host"), (.password(user: "u", "secret"), "in the URL"), (.token("secret"), "in the URL"),
        ])
    func refused(_ login: BusLogin, _ hint: String) throws {
        for text in ["Authorization Violation", "User Authentication Expired", "Account Authentication Expired"] {
            var session = NATSSession(.plain(login))
            _ = session.receive(Self.info)
            let failure = try #require(session.receive("-ERR '\(text)'\r\n").failure)
            #expect(failure.kind == .refused)
            #expect(failure.reason.contains(hint) && failure.reason.contains(text) && !failure.reason.contains("secret"))
        }
    }

    @Test("TLS starts where the server or the URL asks for it, before anything is said")
    func encryption() {
        let asks = #"INFO {"tls_required":true}"# + "\r\n"
        let offers = #"INFO {"tls_available":true}"# + "\r\n"
        for (encryption, info, starts) in [
            (.ifAsked, asks, true), (.ifAsked, offers, false), (.always, asks, true), (.always, offers, true), (.settled, asks, false),
        ] as [(BusOpening.Encryption, String, Bool)] {
            var session = NATSSession(.plain(.none, encryption))
            #expect(session.receive(info).events == (starts ? [.startTLS] : []))
            #expect((session.output.readableBytes == 0) == starts)
            session.startedTLS()
            #expect(session.said().hasPrefix("CONNECT "))
        }
        var session = NATSSession(.plain(.none, .always))
        #expect(session.receive(Self.info).failure?.kind == .refused)
        #expect(session.said() == "")
    }

    @Test("A server tells of others, of its new limit, and that it goes")
    func news() {
        var session = settled()
        let news = session.receive(#"INFO {"max_payload":2000,"connect_urls":["10.0.0.1:4222","[::1]:4223","bad url:x"],"ldm":true}"# + "\r\n")
        #expect(
            news.events == [.servers([HostPort(host: "10.0.0.1", port: 4222), HostPort(host: "::1", port: 4223)]), .messageLimit(2000), .leaving])
        #expect(session.said() == "")
    }

    @Test("Of other servers it believes what comes by TLS, where there is to be TLS")
    func strangers() {
        let info = #"INFO {"tls_required":true,"tls_available":true,"connect_urls":["10.0.0.9:4222"]}"# + "\r\n"
        for (encryption, isBelieved) in [(.ifAsked, false), (.always, false), (.settled, true)] as [(BusOpening.Encryption, Bool)] {
            var session = NATSSession(.plain(.none, encryption))
            #expect(session.receive(info).events.contains(.servers([HostPort(host: "10.0.0.9", port: 4222)])) == isBelieved)
            session.startedTLS()
            #expect(session.receive(info).events.contains(.servers([HostPort(host: "10.0.0.9", port: 4222)])))
        }
    }

    // MARK: Messages

    @Test("Everything is understood alike however it is cut")
    func cuts() {
        let transcript =
            Self.info + "PONG\r\nPONG\r\nMSG a 1 5\r\nhello\r\nPING\r\nMSG a 1 _INBOX.x 0\r\n\r\nHMSG b 2 12 17\r\nNATS/1.0\r\n\r\nworld\r\n+OK\r\n"
            + "MSG\tb \t2  3\r\n\r\n\r\r\nmsg c 3 1\r\nx\r\n-ERR 'Invalid Subject'\r\nPONG\r\nMSG a 1 2\r\nok\r\n"
        for parts in Splitting.all(transcript) {
            var session = NATSSession(.plain())
            session.subscribe(["a", "b"])
            session.settle()
            // Asked before the greeting, so that the transcript can be read in one go.
            session.publish(.text("a", "x"))
            session.mark()
            let news = session.receive(all: parts)
            #expect(news.failure == nil)
            #expect(
                news.messages == [.text("a", "hello"), .text("a", ""), .text("b", "world"), .text("b", "\r\n\r"), .text("a", "ok")],
                "\(parts.count) parts")
            #expect(news.confirmed == 1)
            #expect(news.events == [.messageLimit(1000), .ready, .settled, .complaint("Invalid Subject")])
        }
    }

    @Test("Its subscriptions have numbers of their own, and what comes for one that has ended is not wanted")
    func subscriptions() {
        var session = ready()
        session.subscribe(["a", "b"])
        session.subscribe(["a", "c"])
        #expect(session.said() == "SUB a 1\r\nSUB b 2\r\nSUB c 3\r\n")
        session.unsubscribe(["a", "unknown"])
        #expect(session.said() == "UNSUB 1\r\n")
        #expect(session.receive("MSG a 1 1\r\nx\r\nMSG b 2 1\r\ny\r\n").messages == [.text("b", "y")])
        session.subscribe(["a"])
        #expect(session.said() == "SUB a 4\r\n")
    }

    @Test("Publications are written as they are, and confirmed by the mark behind them")
    func publications() {
        var session = settled()
        session.mark()
        #expect(session.said() == "", "nothing to confirm")
        session.publish(.text("a.b", "hello"))
        session.publish(.text("c", ""))
        session.mark()
        session.mark()
        session.publish(.text("d", "1\r\n2"))
        session.mark()
        #expect(session.said() == "PUB a.b 5\r\nhello\r\nPUB c 0\r\n\r\nPING\r\nPUB d 4\r\n1\r\n2\r\nPING\r\n")
        #expect(session.receive("PONG\r\n").confirmed == 2)
        #expect(session.receive("PONG\r\n").confirmed == 1)
        #expect(session.receive("PONG\r\n") == BusNews(), "one that was not asked for tells nothing")
    }

    @Test("A sign of life that it asks for confirms, too, and it gives one when it is asked")
    func signsOfLife() {
        var session = settled()
        session.publish(.text("a", "x"))
        session.output.clear()
        session.ping()
        #expect(session.said() == "PING\r\n")
        #expect(session.receive("PONG\r\nPING\r\n").confirmed == 1)
        #expect(session.said() == "PONG\r\n")
    }

    // MARK: Refusals

    @Test("A publication that may not be made is counted and named")
    func publicationRefused() {
        var session = settled()
        session.publish(.text("x", "1"))
        session.mark()
        let news = session.receive("-ERR 'Permissions Violation for Publish to \"x\"'\r\nPONG\r\n")
        #expect(news.refused == 1 && news.confirmed == 1)
        #expect(news.events == [.messageRefused("Permissions Violation for Publish to \"x\"")])
    }

    @Test("A subscription that may not be made is a refusal at the beginning, and named later")
    func subscriptionRefused() {
        let error = "-ERR 'Permissions Violation for Subscription to \"x\"'\r\n"
        var early = ready()
        #expect(early.receive(error).failure?.kind == .refused)
        var late = settled()
        #expect(late.receive(error) == BusNews(events: [.subscriptionRefused("Permissions Violation for Subscription to \"x\"")]))
    }

    @Test(
        "What makes the server hang up is worth another try",
        arguments: ["Slow Consumer", "Stale Connection", "Maximum Payload Violation", "maximum connections exceeded", "Parser Error", ""])
    func fatal(_ text: String) {
        var session = settled()
        #expect(session.receive("-ERR '\(text)'\r\n").failure?.kind == .lost)
    }

    @Test(
        "What is not the protocol ends the connection, and nothing is read behind it",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "\r\n", "MSG a 1\r\n", "MSG a 1 x\r\n", "MSG a x 1\r\n", "MSG a 1 b c d 5\r\n", "MSG a 1 -1\r\n",
            "MSG a 1 99999999999999999999\r\n", "MSG a 1 67108865\r\n", "MSG a 1 2\r\nabc\r\n", "HMSG a 1 5\r\n", "HMSG a 1 5 2\r\nxx\r\n",
            "INFO []\r\n",
            "INFO {\r\n", "PINGPONG\r\n", "\u{0}\u{1}\u{2}\n", "MSG\r\n", String(repeating: "x", count: 65_536),
        ])
    func garbage(_ text: String) {
        for parts in Splitting.some(text) {
            var session = settled()
            let news = session.receive(all: parts)
            #expect(news.failure?.kind == .lost)
            #expect(session.receive("MSG a 1 1\r\nx\r\n") == BusNews())
        }
    }

    @Test("Wrong bytes never do harm", arguments: 0..<16 as Range<UInt64>)
    func wrongBytes(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        let good = Array((Self.info + "PONG\r\nMSG a 1 5\r\nhello\r\nHMSG b 2 12 17\r\nNATS/1.0\r\n\r\nworld\r\nPING\r\n-ERR 'x'\r\n").utf8)
        for _ in 0..<100 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            var session = NATSSession(.plain())
            session.subscribe(["a", "b"])
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let news = session.receive(all: [ByteBuffer(bytes: bytes[..<cut]), ByteBuffer(bytes: bytes[cut...])])
            #expect(news.messages.count <= 2 && news.confirmed == 0)
        }
    }
}
