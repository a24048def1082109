// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite struct RedisSessionTests {
    private static let hello =
        "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:9\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"
        + "$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*1\r\n%2\r\n$4\r\nname\r\n$2\r\nbf\r\n$3\r\nver\r\n:20\r\n"

    private static func message(_ channel: String, _ text: String) -> String {
        ">3\r\n$7\r\nmessage\r\n$\(channel.utf8.count)\r\n\(channel)\r\n$\(text.utf8.count)\r\n\(text)\r\n"
    }

    private static func confirmation(_ kind: String, _ channel: String) -> String {
        ">3\r\n$\(kind.utf8.count)\r\n\(kind)\r\n$\(channel.utf8.count)\r\n\(channel)\r\n:1\r\n"
    }

    private func ready(_ login: BusLogin = .none) -> RedisSession {
        var session = RedisSession(.plain(login))
        session.opened()
        #expect(session.receive(Self.hello).events == [.ready])
        session.output.clear()
        return session
    }

    private func settled() -> RedisSession {
        var session = ready()
        session.settle()
        #expect(session.receive("+PONG\r\n").events == [.settled])
        session.output.clear()
        return session
    }

    // MARK: Greeting

    @Test("It says who it is, in version 3 of the protocol")
    func greeting() {
        for (login, words) in [
            (.none, "*4\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"),
            (.password(user: nil, "p"), "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$1\r\np\r\n"),
            (.password(user: "u", "pä"), "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$3\r\npä\r\n"),
        ] as [(BusLogin, String)] {
            var session = RedisSession(.plain(login))
            session.opened()
            #expect(session.said() == words + "$7\r\nSETNAME\r\n$10\r\nholdfast-a\r\n")
            #expect(session.receive(Self.hello) == BusNews(events: [.ready]))
            #expect(session.said() == "")
        }
    }

    @Test(
        "A server that does not greet says why, and what that means is known",
        arguments: [
            ("-NOAUTH HELLO must be called with the client already authenticated", BusFailure.Kind.refused, "redis://user:password@host"),
            ("-WRONGPASS invalid username-password pair or user is disabled.", .refused, "WRONGPASS"),
            ("-DENIED Redis is running in protected mode", .refused, "protected mode"),
            ("-NOPERM this user has no permissions to run the 'hello' command", .refused, "may not do"),
            ("-ERR AUTH <password> called without any password configured", .refused, "password of the URL"),
            ("-ERR unknown command `HELLO`, with args beginning with: `3`", .refused, "older than Redis 6"),
            ("-NOPROTO unsupported protocol version", .refused, "older than Redis 6"),
            ("-LOADING Redis is loading the dataset in memory", .lost, "LOADING"),
            ("-MASTERDOWN Link with MASTER is down", .lost, "MASTERDOWN"), ("-MOVED 3999 127.0.0.1:6381", .refused, "MOVED"),
            ("-ERR max number of clients reached", .lost, "max number"), ("-ERR Protocol error: unauthenticated bulk length", .lost, "bulk length"),
            ("*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:2", .refused, "older than Redis 6"), ("+OK", .lost, "fits no question"),
        ])
    func refused(_ answer: String, _ kind: BusFailure.Kind, _ part: String) throws {
        var session = RedisSession(.plain())
        session.opened()
        let failure = try #require(session.receive(answer + "\r\n").failure)
        #expect(failure.kind == kind)
        #expect(failure.reason.contains(part), "\(failure.reason)")
    }

    @Test(
        "A server that is no single master is not used",
        arguments: [("cluster", "master", BusFailure.Kind.refused), ("sentinel", "master", .refused), ("standalone", "replica", .lost)])
    func unsuitable(_ mode: String, _ role: String, _ kind: BusFailure.Kind) {
        var session = RedisSession(.plain())
        session.opened()
        let hello = Self.hello.replacing("$10\r\nstandalone", with: "$\(mode.count)\r\n\(mode)").replacing(
            "$6\r\nmaster", with: "$\(role.count)\r\n\(role)")
        let news = session.receive(hello)
        #expect(news.failure?.kind == kind)
        #expect(news.events.isEmpty)
    }

    // MARK: Messages

    @Test("Everything is understood alike however it is cut")
    func cuts() {
        let transcript =
            Self.hello + Self.confirmation("subscribe", "a") + Self.message("a", "early") + Self.confirmation("subscribe", "b") + "+PONG\r\n"
            + Self.message("a", "hello") + Self.message("a", "") + Self.message("bä", "1\r\n2") + ":0\r\n:12\r\n"
            + ">2\r\n+invalidate\r\n*1\r\n$1\r\nx\r\n" + "|1\r\n+ttl\r\n:1\r\n+PONG\r\n" + "-NOPERM no\r\n" + ">3\r\n+message\r\n+a\r\n$2\r\nok\r\n"
        for parts in Splitting.all(transcript) {
            var session = RedisSession(.plain())
            session.opened()
            session.subscribe(["a", "b"])
            session.settle()
            session.publish(.text("a", "x"))
            session.publish(.text("a", "x"))
            session.ping()
            session.publish(.text("a", "x"))
            let news = session.receive(all: parts)
            #expect(news.failure == nil)
            #expect(
                news.messages == [.text("a", "early"), .text("a", "hello"), .text("a", ""), .text("bä", "1\r\n2"), .text("a", "ok")],
                "\(parts.count) parts")
            #expect(news.confirmed == 3 && news.refused == 1)
            #expect(news.events == [.ready, .settled, .messageRefused("a message was refused: NOPERM no")])
        }
    }

    @Test("Subscriptions go out in batches")
    func batches() {
        var session = ready()
        let names = (0..<2500).map { "c\($0)" }
        session.subscribe(names)
        let said = session.said()
        #expect(said.ranges(of: "$9\r\nSUBSCRIBE\r\n").count == 3)
        #expect(said.hasPrefix("*1001\r\n") && said.contains("*501\r\n") && said.hasSuffix("$5\r\nc2499\r\n"))
        session.unsubscribe(["c1"])
        #expect(session.said() == "*2\r\n$11\r\nUNSUBSCRIBE\r\n$2\r\nc1\r\n")
        session.settle()
        for name in names { #expect(session.receive(Self.confirmation("subscribe", name)) == BusNews()) }
        #expect(session.receive("+PONG\r\n").failure != nil, "one confirmation is missing")
    }

    @Test("Publications are written as they are, and each answer confirms one")
    func publications() {
        var session = settled()
        session.publish(.text("a.b", "hello"))
        session.publish(.text("c", ""))
        session.mark()
        #expect(session.said() == "*3\r\n$7\r\nPUBLISH\r\n$3\r\na.b\r\n$5\r\nhello\r\n*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$0\r\n\r\n")
        #expect(session.receive(":0\r\n").confirmed == 1)
        session.publish(.text("d", "x"))
        session.ping()
        #expect(session.receive(":3\r\n:0\r\n+PONG\r\n") == BusNews(confirmed: 2))
        #expect(session.receive(":0\r\n").failure?.kind == .lost, "an answer to nothing")
    }

    // MARK: Refusals

    @Test(
        "What is answered to a publication has a meaning",
        arguments: [
            ("-NOPERM no", nil, 1), ("-ERR something", nil, 1), ("-LOADING x", BusFailure.Kind.lost, 0), ("-BUSY x", .lost, 0),
            ("-READONLY x", .lost, 0),
            ("-NOAUTH x", .refused, 0), ("-MOVED 1 x", .refused, 0), ("-ERR Protocol error: invalid bulk length", .lost, 1), ("+OK", .lost, 0),
            (">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1", .lost, 0),
        ] as [(String, BusFailure.Kind?, Int)])
    func publicationRefused(_ answer: String, _ kind: BusFailure.Kind?, _ refused: Int) {
        var session = settled()
        session.publish(.text("a", "x"))
        let news = session.receive(answer + "\r\n")
        #expect(news.failure?.kind == kind)
        #expect(news.refused == refused && news.confirmed == refused)
    }

    @Test("A subscription that may not be made is a refusal at the beginning, and named later")
    func subscriptionRefused() {
        var early = ready()
        early.subscribe(["x"])
        #expect(early.receive("-NOPERM no\r\n").failure?.kind == .refused)
        var late = settled()
        late.subscribe(["x", "y"])
        #expect(late.receive("-NOPERM no\r\n") == BusNews(events: [.subscriptionRefused("a subscription was refused: NOPERM no")]))
        late.ping()
        #expect(late.receive("+PONG\r\n") == BusNews())
    }

    @Test(
        "What is not the protocol ends the connection, and nothing is read behind it",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "\r\n", ":x\r\n", ":1\n", "$-2\r\n", "$x\r\n", "$99999999999999999999\r\n", "$67108865\r\n",
            "$1\r\nabc\r\n",
            "*-5\r\n", "*5000\r\n", "%3000\r\n:1\r\n", ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$67108865\r\n", ">1\r\n?\r\n", "\u{0}\r\n",
            String(repeating: "*1\r\n", count: 10), "+" + String(repeating: "x", count: 65_536), "-ERR nobody asked\r\n",
            String(repeating: "*100\r\n", count: 2) + String(repeating: "*100\r\n" + String(repeating: ":1\r\n", count: 100), count: 100),
        ])
    func garbage(_ text: String) {
        for parts in Splitting.some(text) {
            var session = settled()
            let news = session.receive(all: parts)
            #expect(news.failure != nil)
            #expect(session.receive(Self.message("a", "x")) == BusNews())
        }
    }

    @Test("Wrong bytes never do harm", arguments: 0..<16 as Range<UInt64>)
    func wrongBytes(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        let good = Array(
            (Self.hello + Self.confirmation("subscribe", "a") + Self.message("a", "hello") + ":0\r\n+PONG\r\n" + Self.message("a", "")).utf8)
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
            var session = RedisSession(.plain())
            session.opened()
            session.subscribe(["a"])
            session.publish(.text("a", "x"))
            session.settle()
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let news = session.receive(all: [ByteBuffer(bytes: bytes[..<cut]), ByteBuffer(bytes: bytes[cut...])])
            #expect(news.messages.count <= 2 && news.confirmed <= 1)
        }
    }
}
