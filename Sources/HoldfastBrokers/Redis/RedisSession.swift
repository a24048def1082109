// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import HoldfastCore
import NIOCore

/// One connection to a Redis or Valkey server, by version 3 of its protocol: there, one connection can subscribe and publish.
///
/// Answers come in the order of the commands, and that of a PUBLISH tells that the server has it.
struct RedisSession: BusSession {
    static let name = "redis"

    /// Channels in one command.
    static let batch = 1000

    private enum State: Equatable {
        case greeting
        case ready
        case failed
    }

    /// Answers that are to come, in order. Those to subscriptions come as pushes, one for each channel; all others as answers.
    private enum Expected: Equatable {
        case hello
        case subscribed(Int)
        case unsubscribed(Int)
        case published(Int)
        case pong(settles: Bool)
    }

    var output = ByteBuffer()
    /// Redis takes 512 MiB unless it is told otherwise; then it refuses what is larger.
    let messageLimit = RESPReader.maxBytes

    private let opening: BusOpening
    private var reader = RESPReader()
    private var state = State.greeting
    private var expected = Deque<Expected>()
    private var isSettled = false

    init(_ opening: BusOpening) { self.opening = opening }

    mutating func opened() {
        var words = ["HELLO", "3"]
        if case .password(let user, let password) = opening.login { words += ["AUTH", user ?? "default", password] }
        command(words + ["SETNAME", opening.clientName])
        expected.append(.hello)
    }

    mutating func startedTLS() {}

    mutating func receive(_ bytes: ByteBuffer) -> BusNews {
        var news = BusNews()
        guard state != .failed else { return news }
        reader.append(bytes)
        do throws(BusFailure) {
            while let frame = try reader.next() {
                switch frame {
                case .message(let channel, let bytes): news.messages.append(BusMessage(subject: channel, bytes: bytes))
                case .value(.push(let values)): try pushed(values)
                case .value(.error(let text)): try refused(text, &news)
                case .value(let value): try answered(value, &news)
                }
            }
        } catch {
            state = .failed
            news.failure = error
        }
        return news
    }

    mutating func subscribe(_ subjects: [String]) { change("SUBSCRIBE", subjects) { .subscribed($0) } }

    mutating func unsubscribe(_ subjects: [String]) { change("UNSUBSCRIBE", subjects) { .unsubscribed($0) } }

    mutating func settle() { ask(settles: true) }

    mutating func publish(_ message: BusMessage) {
        output.writeRedisPublication(message.subject, message.bytes)
        if case .published(let count)? = expected.last {
            expected[expected.count - 1] = .published(count + 1)
        } else {
            expected.append(.published(1))
        }
    }

    /// Each publication is answered.
    mutating func mark() {}

    mutating func ping() { ask(settles: false) }

    // MARK: Commands

    private mutating func ask(settles: Bool) {
        output.writeStaticString("*1\r\n$4\r\nPING\r\n")
        expected.append(.pong(settles: settles))
    }

    private mutating func change(_ word: String, _ subjects: [String], _ answers: (Int) -> Expected) {
        var rest = subjects[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.batch)
            rest = rest.dropFirst(Self.batch)
            command([word] + part)
            expected.append(answers(part.count))
        }
    }

    private mutating func command(_ words: [String]) {
        output.writeString("*\(words.count)\r\n")
        for word in words { output.writeString("$\(word.utf8.count)\r\n\(word)\r\n") }
    }

    // MARK: Answers

    private mutating func pushed(_ values: [RESPValue]) throws(BusFailure) {
        switch (values.first?.text, expected.first) {
        case ("subscribe", .subscribed(let count)): proceed(count > 1 ? .subscribed(count - 1) : nil)
        case ("unsubscribe", .unsubscribed(let count)): proceed(count > 1 ? .unsubscribed(count - 1) : nil)
        case ("subscribe", _), ("unsubscribe", _): throw .garbled("the confirmation of a subscription that was not asked for")
        // Whatever else comes unasked concerns others.
        default: break
        }
    }

    private mutating func answered(_ value: RESPValue, _ news: inout BusNews) throws(BusFailure) {
        switch (expected.first, value) {
        case (.hello, .map), (.hello, .array):
            if let failure = RedisComplaint.unsuitable(value) { throw failure }
            state = .ready
            proceed(nil)
            news.events.append(.ready)
        case (.published(let count), .number):
            proceed(count > 1 ? .published(count - 1) : nil)
            news.confirmed += 1
        case (.pong(let settles), .word("PONG")):
            proceed(nil)
            if settles {
                isSettled = true
                news.events.append(.settled)
            }
        default: throw .garbled("an answer that fits no question")
        }
    }

    private mutating func refused(_ text: String, _ news: inout BusNews) throws(BusFailure) {
        let complaint = RedisComplaint(text)
        switch expected.first {
        case nil: throw .lost("the server ended the connection: \(text)")
        case .hello: throw complaint.atHello(opening.login)
        case .published(let count):
            switch complaint.kind {
            case .passing: throw .lost("the server takes no messages just now: \(text)")
            case .login: throw .refused("the server refuses this node: \(text)")
            case .unsuitable: throw .refused("the server cannot be used: \(text)")
            case .permission, .other:
                proceed(count > 1 ? .published(count - 1) : nil)
                news.confirmed += 1
                news.refused += 1
                news.events.append(.messageRefused("a message was refused: \(text)"))
            case .protocolError:
                // The server hangs up over what it has read last, which is the first that it has not answered. It would do so again.
                news.confirmed += 1
                news.refused += 1
                throw .lost("the server refused a message and ended the connection: \(text)")
            }
        case .subscribed, .unsubscribed:
            guard complaint.kind == .permission, isSettled else {
                throw complaint.kind == .passing ? .lost(text) : .refused("the server refuses a subscription: \(text)")
            }
            proceed(nil)
            news.events.append(.subscriptionRefused("a subscription was refused: \(text)"))
        case .pong:
            throw complaint.kind == .passing ? .lost("the server is not ready: \(text)") : .refused("the server refuses PING: \(text)")
        }
    }

    /// The first of what is expected came; `rest` is left of it.
    private mutating func proceed(_ rest: Expected?) {
        if let rest { expected[0] = rest } else { expected.removeFirst() }
    }
}
