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
    /// While it is held, only what is urgent goes out.
    var isHeld = false

    private let maxBytes: Int
    private var sent = Deque<BusMessage>()
    private var waiting = Deque<BusMessage>()
    /// What goes out before all that waits. It is few, and never kept.
    private var urgent = Deque<BusMessage>()
    private var sentBytes = 0
    /// The largest message that the engine takes, once it is known.
    private(set) var messageLimit = Int.max

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    var isEmpty: Bool { sent.isEmpty && waiting.isEmpty && urgent.isEmpty }

    /// How many messages have not been sent.
    var waitingCount: Int { waiting.count }

    /// How many messages have been sent and not been confirmed.
    var unconfirmedCount: Int { sent.count }

    /// Whether ``take(upTo:)`` would give something.
    var hasNext: Bool {
        guard isOpen, sent.count < Self.maxUnconfirmed else { return false }
        if !urgent.isEmpty { return true }
        guard !isHeld, let first = waiting.first else { return false }
        return sent.isEmpty || sentBytes + Self.cost(first) <= maxBytes / 2
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
            if message.isUrgent { urgent.append(message) } else { waiting.append(message) }
            bytes += Self.cost(message)
        }
        while bytes > maxBytes, let oldest = waiting.popFirst() {
            bytes -= Self.cost(oldest)
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
        let before = (count: waiting.count, bytes: waitingBytes)
        // What is urgent is small.
        waiting.removeAll { $0.bytes.readableBytes > messageLimit }
        dropped += before.count - waiting.count
        tooLarge += before.count - waiting.count
        bytes -= before.bytes - waitingBytes
    }

    /// The next messages to send, which are unconfirmed from now on.
    ///
    /// - Parameter budget: bytes; at least one message comes where there is one.
    mutating func take(upTo budget: Int) -> [BusMessage] {
        var taken: [BusMessage] = []
        var size = 0
        while hasNext, size < budget {
            let message = urgent.popFirst() ?? waiting.removeFirst()
            let cost = Self.cost(message)
            sent.append(message)
            sentBytes += cost
            size += cost
            taken.append(message)
        }
        return taken
    }

    /// The engine has the first `count` of those that were sent.
    mutating func confirm(_ count: Int) {
        for _ in 0..<min(count, sent.count) {
            let cost = Self.cost(sent.removeFirst())
            bytes -= cost
            sentBytes -= cost
        }
    }

    /// Messages that were sent, and that the engine has refused.
    mutating func refuse(_ count: Int) { dropped += count }

    /// The connection broke: what is unconfirmed waits again, in front, and what is fleeting is gone.
    mutating func close() {
        isOpen = false
        isHeld = false
        urgent = []
        waiting.prepend(contentsOf: sent)
        sent = []
        sentBytes = 0
        waiting.removeAll(where: \.isFleeting)
        bytes = waitingBytes
    }

    private var waitingBytes: Int { waiting.reduce(0) { $0 + Self.cost($1) } }

    private static func cost(_ message: BusMessage) -> Int { message.subject.utf8.count + message.bytes.readableBytes + overhead }
}
