// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// An outbound connection that is to stand: dials its remote, and again when it cannot be had or is lost, as long as that is wanted.
///
/// At any time it has one ``Connection``: the same through all tries until the remote accepts; after a loss a new one takes its place.
/// ``ReconnectMachine`` decides when, and whether, to try again.
final class Dial {
    private enum Phase {
        /// The app is asked what to dial.
        case asking
        /// For the time of the next try.
        case waiting
        case attempting(DialAttempt)
        case up
        case over
    }

    private let route: ShardRoute
    private unowned let shard: HubShard
    /// Whether the app says what to dial, each time anew.
    private let asks: Bool
    private(set) var request: DialRequest?
    private var machine: ReconnectMachine
    /// Until it is over: it and its connection hold each other.
    private var connection: Connection?
    private var phase = Phase.asking
    private var lastError: String?
    /// Whether the app is still to be told of things that happened on the connection that was lost: it is not asked again before.
    private var isAppBehind = false
    /// Whether the app would have been asked by now.
    private var isAskingDue = false
    /// What the app has said beside the address: done when the remote has accepted.
    private var firstWords: [Action] = []
    /// Gives the place among the node's connections back.
    private let left: () -> Void
    /// Whether a connection of it has been open: then the app has not heard of the one that is being dialled.
    private(set) var isAgain = false

    /// - Parameters:
    ///   - request: `nil` where the app is asked first.
    ///   - asks: whether the app is asked before each further try.
    init(_ request: DialRequest?, asks: Bool, route: ShardRoute, shard: HubShard, left: @escaping () -> Void) {
        self.request = request
        self.asks = asks
        self.route = route
        self.shard = shard
        self.left = left
        machine = ReconnectMachine(policy: route.configuration.dial.reconnect)
    }

    func start(on connection: Connection) {
        self.connection = connection
        if asks { shard.hub.dials.began() }
        proceed()
    }

    func reminded(at now: MonotonicTime) {
        if machine.waited(at: now) { proceed() }
    }

    // MARK: The app's answer

    /// The app has said what to dial.
    ///
    /// - Parameter firstWords: what else it has said; done once, when the remote accepts.
    /// - Returns: the requests that are not for this one.
    func answered(_ requests: [DialRequest], firstWords: [Action]) -> [DialRequest] {
        guard case .asking = phase else { return requests }
        var others = requests
        let mine: DialRequest?
        if let name = request?.name {
            mine = others.firstIndex { $0.name == name }.map { others.remove(at: $0) }
        } else {
            mine = others.isEmpty ? nil : others.removeFirst()
            if let name = mine?.name, !shard.hub.dials.claim(name, on: route.configuration.name) {
                end("there is a connection \(name) already", isFault: true)
                return others
            }
        }
        guard let mine else {
            end("the app names nothing to connect to", isFault: true)
            return others
        }
        request = mine
        self.firstWords = firstWords
        connection?.prepare(for: mine)
        attempt(mine)
        return others
    }

    func takeFirstWords() -> [Action] {
        defer { firstWords = [] }
        return firstWords
    }

    /// The app could not be asked, or its answer was of no use.
    func askFailed(_ why: String) {
        guard case .asking = phase else { return }
        // An app that has never said anything useful is not set up for this.
        if request == nil { return end("the app was asked what to connect to: \(why)", isFault: true) }
        failed(why)
    }

    // MARK: Facts of the connection

    /// Its connection has ended, or was told to.
    func connectionEnded(_ ending: Ending) {
        switch phase {
        case .over: return
        case .asking, .waiting: end(ending.error ?? "closed", isFault: false, tellsConnection: false)
        case .attempting(let attempt):
            attempt.cancel()
            end(ending.error ?? "closed", isFault: false, tellsConnection: false)
        case .up:
            lastError = Self.sentence(ending)
            isAppBehind = asks && connection?.delivery.isFinished == false
            let isWanted = request?.reconnects == true && ending.cause != .app && ending.cause != .shutdown && !shard.admission.isDraining
            guard isWanted else {
                let isFault = ending.cause != .shutdown && (asks || ending.cause != .app)
                return end(Self.sentence(ending), isFault: isFault, level: .info, tellsConnection: false)
            }
            switch machine.lost(at: shard.now, jitter: Double.random(in: 0..<1, using: &shard.quickRandom)) {
            case .wait(let delay):
                isAgain = true
                log(.info, "connection lost, the remote is dialled again", Self.sentence(ending), delay)
                let next = Connection(dialling: self, id: shard.makeID(), route: route, shard: shard)
                connection = next
                shard.hold(next)
                if let request { next.prepare(for: request) }
                wait(delay)
            case .giveUp, .none: end(Self.sentence(ending), isFault: true, tellsConnection: false)
            }
        }
    }

    func isCurrent(_ connection: Connection) -> Bool { self.connection === connection }

    /// The app has been told of all that happened on the connection that was lost.
    func appHasHeard() {
        isAppBehind = false
        guard isAskingDue else { return }
        isAskingDue = false
        proceed()
    }

    // MARK: Inside

    private func proceed() {
        guard !isAppBehind else {
            isAskingDue = true
            return
        }
        if let request, !asks || !isQuestionDue { attempt(request) } else { ask() }
    }

    /// Whether the app is to be asked again: it was not for the try that is due.
    private var isQuestionDue: Bool { machine.failures > 0 }

    private func ask() {
        phase = .asking
        connection?.tell(.ready(DialQuestion(name: request?.name, failures: machine.failures, error: lastError)))
    }

    private func attempt(_ request: DialRequest) {
        guard let connection else { return }
        let proxy: DialProxy?
        do throws(ProxyError) {
            proxy = try route.shared.proxies.proxy(for: request.url)
        } catch {
            return failed(error.description)
        }
        let attempt = DialAttempt(request, for: connection, proxy: proxy) { [unowned self] result in
            switch result {
            case .success(let acceptance): opened(acceptance)
            case .failure(let error): failed(error.description)
            }
        }
        phase = .attempting(attempt)
        attempt.start()
    }

    private func opened(_ acceptance: DialAttempt.Acceptance) {
        guard let request else { return }
        phase = .up
        machine.opened(at: shard.now)
        route.counters.dials["ok", default: 0] += 1
        connection?.dialled(request, acceptance)
    }

    private func failed(_ why: String) {
        route.counters.dials["failed", default: 0] += 1
        lastError = why
        guard request?.reconnects == true else { return end(why, isFault: true) }
        switch machine.failed(at: shard.now, jitter: Double.random(in: 0..<1, using: &shard.quickRandom)) {
        case .wait(let delay):
            log(.warning, "the remote cannot be had, it is dialled again", why, delay)
            wait(delay)
        case .giveUp, .none: end(why, isFault: true)
        }
    }

    private func wait(_ delay: Duration) {
        phase = .waiting
        if let connection { shard.remind(connection, at: shard.now + delay) }
    }

    /// - Parameters:
    ///   - isFault: whether it went against the app's will.
    ///   - level: at which a fault is logged.
    ///   - tellsConnection: whether its connection does not know of it.
    private func end(_ why: String, isFault: Bool, level: Logger.Level = .warning, tellsConnection: Bool = true) {
        if case .over = phase { return }
        phase = .over
        let connection = connection
        self.connection = nil
        if let name = request?.name, asks { shard.hub.dials.release(name, on: route.configuration.name) }
        if isFault { log(level, "the remote is not dialled any more", why, nil) }
        left()
        if tellsConnection { connection?.notReached(why) }
        if asks { shard.hub.dials.ended(DialBook.Farewell(reason: why, isFault: isFault)) }
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ why: String, _ delay: Duration?) {
        guard let held = level == .info ? 0 : route.warnings.pass(at: shard.now) else { return }
        var metadata: Logger.Metadata = [LogKey.route: "\(route.configuration.name)", LogKey.error: "\(why)"]
        if let request { metadata[LogKey.remote] = "\(request.url.withoutQuery)" }
        if let connection { metadata[LogKey.connection] = "\(connection.facts.idText)" }
        if let delay { metadata[LogKey.delay] = "\(delay.inSeconds)" }
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        shard.logger.log(level: level, message, metadata: metadata)
    }

    private static func sentence(_ ending: Ending) -> String {
        ending.error ?? "closed with \(ending.code)" + (ending.reason.isEmpty ? "" : ": \(ending.reason)")
    }
}
