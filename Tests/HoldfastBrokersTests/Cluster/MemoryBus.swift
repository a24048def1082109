// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOConcurrencyHelpers
import NIOCore

@testable import HoldfastBrokers

/// A bus in memory, whose connections break, and whose server can be divided, when a test says so.
final class MemoryBus: Bus {
    /// The server that buses meet at.
    final class Exchange: Sendable {
        fileprivate struct State {
            var buses: [ObjectIdentifier: MemoryBus] = [:]
            /// In which part of the server a bus is; those of different parts do not hear each other.
            var parts: [ObjectIdentifier: Int] = [:]
            /// All that was published, by subject.
            var log: [BusMessage] = []
        }

        fileprivate let state = NIOLockedValueBox(State())

        /// All that was published.
        var log: [BusMessage] { state.withLockedValue(\.log) }

        /// Divides the server: those in `others` hear each other alone.
        func divide(_ others: [MemoryBus]) {
            state.withLockedValue { state in
                for bus in others { state.parts[ObjectIdentifier(bus)] = 1 }
            }
        }

        func heal() { state.withLockedValue { $0.parts = [:] } }

        fileprivate func publish(_ messages: [BusMessage], from bus: MemoryBus) {
            let receivers = state.withLockedValue { state in
                state.log += messages
                let part = state.parts[ObjectIdentifier(bus)]
                return state.buses.values.filter { state.parts[ObjectIdentifier($0)] == part }
            }
            for receiver in receivers { receiver.receive(messages) }
        }
    }

    private struct State {
        var subjects: Set<String> = []
        var isHeld = false
        var isAllowed = true
        var isUp = false
        var loop: (any EventLoop)?
        var listener: (any BusListener)?
        var starting: EventLoopPromise<Void>?
        var queue: [BusMessage] = []
        var sent: [BusMessage] = []
        var subscribeCalls: [[String]] = []
        var unsubscribed: [String] = []
        var dropped = 0
    }

    let name = "memory bus"
    let exchange: Exchange
    private let queueLimit: Int
    private let refusal: BrokerError?
    private let state = NIOLockedValueBox(State())

    init(_ exchange: Exchange, queueLimit: Int = 1_000, isAllowed: Bool = true, refusal: BrokerError? = nil) {
        self.exchange = exchange
        self.queueLimit = queueLimit
        self.refusal = refusal
        state.withLockedValue { $0.isAllowed = isAllowed }
    }

    var status: BusStatus {
        state.withLockedValue { state in
            var status = BusStatus()
            status.isUp = state.isUp
            status.server = state.isUp ? "memory:1" : nil
            status.problem = state.isUp ? nil : "memory:1 is out of reach"
            status.dropped = state.dropped
            status.queuedBytes = state.queue.reduce(0) { $0 + $1.bytes.readableBytes }
            return status
        }
    }

    var subjects: Set<String> { state.withLockedValue(\.subjects) }
    var unsubscribed: [String] { state.withLockedValue(\.unsubscribed) }
    var subscribeCalls: [[String]] { state.withLockedValue(\.subscribeCalls) }

    func start(on loop: any EventLoop, _ listener: any BusListener) async throws {
        if let refusal { throw refusal }
        exchange.state.withLockedValue { $0.buses[ObjectIdentifier(self)] = self }
        let promise = loop.makePromise(of: Void.self)
        let isAllowed = state.withLockedValue { state in
            state.loop = loop
            state.listener = listener
            state.starting = promise
            return state.isAllowed
        }
        if isAllowed { connect() }
        try await promise.futureResult.get()
    }

    func stop() async {
        exchange.state.withLockedValue { $0.buses[ObjectIdentifier(self)] = nil }
        state.withLockedValue { state in
            state.isUp = false
            state.starting?.succeed()
        }
    }

    /// The connection comes (back): the last `replaying` messages are sent again, and then those that waited.
    func connect(replaying count: Int = 0) {
        let (loop, listener, starting) = state.withLockedValue { state in
            state.isAllowed = true
            state.isUp = true
            // All waits until the listener knows, which may hold it.
            state.isHeld = true
            state.queue.insert(contentsOf: state.sent.suffix(count), at: 0)
            defer { state.starting = nil }
            return (state.loop, state.listener, state.starting)
        }
        loop?.execute {
            self.state.withLockedValue { $0.isHeld = false }
            listener?.changed(isUp: true)
            self.letGo()
        }
        starting?.succeed()
    }

    /// Sends what waits, unless it is held.
    private func letGo() {
        let messages = state.withLockedValue { state -> [BusMessage] in
            guard state.isUp, !state.isHeld else { return [] }
            defer { state.queue = [] }
            state.sent += state.queue
            return state.queue
        }
        if !messages.isEmpty { exchange.publish(messages, from: self) }
    }

    func hold(_ isHeld: Bool) {
        state.withLockedValue { $0.isHeld = isHeld && $0.isUp }
        letGo()
    }

    /// The engine refuses to carry something.
    func refuse(_ why: String) {
        let (loop, listener) = state.withLockedValue { ($0.loop, $0.listener) }
        loop?.execute { listener?.refused(why) }
    }

    /// The connection breaks.
    func cut() {
        let (loop, listener) = state.withLockedValue { state in
            state.isUp = false
            state.isAllowed = false
            state.isHeld = false
            state.queue.removeAll(where: \.isFleeting)
            return (state.loop, state.listener)
        }
        loop?.execute { listener?.changed(isUp: false) }
    }

    func subscribe(_ subjects: [String]) {
        state.withLockedValue {
            $0.subjects.formUnion(subjects)
            $0.subscribeCalls.append(subjects)
        }
    }

    func unsubscribe(_ subjects: [String]) {
        state.withLockedValue {
            $0.subjects.subtract(subjects)
            $0.unsubscribed += subjects
        }
    }

    func publish(_ messages: [BusMessage]) {
        let urgent = state.withLockedValue { state -> [BusMessage] in
            state.queue += messages.filter { !$0.isUrgent && (state.isUp || !$0.isFleeting) }
            let excess = state.isUp ? 0 : max(0, state.queue.count - queueLimit)
            state.queue.removeFirst(excess)
            state.dropped += excess
            return state.isUp ? messages.filter(\.isUrgent) : []
        }
        if !urgent.isEmpty { exchange.publish(urgent, from: self) }
        letGo()
    }

    private func receive(_ messages: [BusMessage]) {
        let (wanted, loop, listener) = state.withLockedValue { state in
            (state.isUp ? messages.filter { state.subjects.contains($0.subject) } : [], state.loop, state.listener)
        }
        guard !wanted.isEmpty else { return }
        loop?.execute { listener?.received(wanted) }
    }
}
