// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import NIOCore

/// What is to be published: messages that the engine has been sent and has not confirmed yet, and behind them those that wait.
///
/// Bounded: beyond the bound the oldest of those that wait are dropped and counted. What has been sent is kept, to be sent again when the connection
/// breaks; it takes half of the bound at most, so that there is always room for what comes.
struct BusQueue: Sendable {
    /// How many messages may be unconfirmed at a time: receivers recognise repetitions within as many.
    static let maxUnconfirmed = 16_384
    /// What a message costs beside its subject and bytes.
    static let overhead = 64

    /// Messages that did not fit, or that the engine does not take.
    private(set) var dropped = 0
    /// Those among the dropped that are larger than the engine takes.
    private(set) var tooLarge = 0
    /// Of all messages, with what they cost beside their bytes.
    private(set) var bytes = 0
    /// Whether the engine can be reached: what is fleeting waits for nothing.
    private(set) var isOpen = false

    private let maxBytes: Int
    private var messages = Deque<BusMessage>()
    /// How many of the messages have been sent; the first ones.
    private var sentCount = 0
    private var sentBytes = 0
    /// The largest message that the engine takes, once it is known.
    private var messageLimit = Int.max

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    var isEmpty: Bool { messages.isEmpty }

    /// How many messages have not been sent.
    var waitingCount: Int { messages.count - sentCount }

    /// How many messages have been sent and not been confirmed.
    var unconfirmedCount: Int { sentCount }

    /// Whether ``take(upTo:)`` would give something.
    var hasNext: Bool {
        isOpen && waitingCount > 0 && sentCount < Self.maxUnconfirmed
            && (sentCount == 0 || sentBytes + Self.cost(messages[sentCount]) <= maxBytes / 2)
    }

    /// Takes messages to publish, in this order.
    mutating func append(_ new: [BusMessage]) {
        for message in new {
            if message.isFleeting && !isOpen { continue }
            guard message.bytes.readableBytes <= messageLimit else {
                dropped += 1
                tooLarge += 1
                continue
            }
            messages.append(message)
            bytes += Self.cost(message)
        }
        while bytes > maxBytes, waitingCount > 0 {
            bytes -= Self.cost(messages[sentCount])
            // Where nothing is unconfirmed, as while the engine is away, this is the first one, and costs nothing to take out.
            messages.remove(at: sentCount)
            dropped += 1
        }
    }

    /// The engine can be reached from now on.
    ///
    /// - Parameter messageLimit: what is larger is dropped and counted.
    mutating func open(messageLimit: Int) {
        isOpen = true
        limit(messageLimit)
    }

    /// The engine takes messages up to this size.
    mutating func limit(_ messageLimit: Int) {
        self.messageLimit = messageLimit
        guard messages.contains(where: { $0.bytes.readableBytes > messageLimit }) else { return }
        let sent = messages.prefix(sentCount)
        let waiting = messages.dropFirst(sentCount)
        let fitting = waiting.filter { $0.bytes.readableBytes <= messageLimit }
        dropped += waiting.count - fitting.count
        tooLarge += waiting.count - fitting.count
        messages = Deque(sent + fitting)
        bytes = messages.reduce(0) { $0 + Self.cost($1) }
    }

    /// The next messages to send, which are unconfirmed from now on.
    ///
    /// - Parameter budget: bytes; at least one message comes where there is one.
    mutating func take(upTo budget: Int) -> [BusMessage] {
        var taken: [BusMessage] = []
        var size = 0
        while hasNext, size < budget {
            let message = messages[sentCount]
            let cost = Self.cost(message)
            sentCount += 1
            sentBytes += cost
            size += cost
            taken.append(message)
        }
        return taken
    }

    /// The engine has the first `count` of those that were sent.
    mutating func confirm(_ count: Int) {
        let count = min(count, sentCount)
        for message in messages.prefix(count) {
            let cost = Self.cost(message)
            bytes -= cost
            sentBytes -= cost
        }
        messages.removeFirst(count)
        sentCount -= count
    }

    /// Messages that were sent, and that the engine has refused.
    mutating func refuse(_ count: Int) { dropped += count }

    /// The connection broke: what is unconfirmed waits again, in front, and what is fleeting is gone.
    mutating func close() {
        isOpen = false
        sentCount = 0
        sentBytes = 0
        guard messages.contains(where: \.isFleeting) else { return }
        messages.removeAll(where: \.isFleeting)
        bytes = messages.reduce(0) { $0 + Self.cost($1) }
    }

    private static func cost(_ message: BusMessage) -> Int { message.subject.utf8.count + message.bytes.readableBytes + overhead }
}
