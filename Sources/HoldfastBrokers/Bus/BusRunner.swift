// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Keeps one connection to an engine: connects, asks for everything again, publishes, and begins anew when it breaks. On one event loop.
final class BusRunner<Session: BusSession> {
    enum State {
        /// No connection, and a timer or a connection attempt that will go on.
        case away
        /// The engine has not accepted this node yet.
        case greeting(BusConnection<Session>)
        /// What is wanted is asked for; these are still to be named.
        case subscribing(BusConnection<Session>, rest: ArraySlice<String>)
        case up(BusConnection<Session>, since: MonotonicTime)
        case stopped
    }

    let settings: BusSettings
    let loop: any EventLoop
    let listener: any BusListener
    let desk: NIOLockedValueBox<BusDesk<Session>>
    var log: BusLog
    var state = State.away
    /// What other nodes' messages are asked for.
    var wanted: Set<String> = []
    var servers: ServerList
    /// Publications since the last mark.
    var unmarked = 0
    var markTimer: Scheduled<Void>?
    /// Until what was refused is asked for once more.
    var askTimer: Scheduled<Void>?
    /// Whether the server was asked for the word that all subscriptions are in force.
    var isSettling = false
    private(set) var isStopping = false

    private var random = SystemRandomNumberGenerator()
    private var started: CheckedContinuation<Void, any Error>?
    private var stopped: [CheckedContinuation<Void, Never>] = []
    private var hasBeenUp = false
    /// Rounds without a good connection.
    private var rounds = 0
    /// Whether every server of this round has refused this node.
    private var isRefused = true
    private var timer: Scheduled<Void>?
    private var watch: Scheduled<Void>?

    init(
        _ settings: BusSettings, loop: any EventLoop, listener: any BusListener, desk: NIOLockedValueBox<BusDesk<Session>>, logger: Logger
    ) {
        self.settings = settings
        self.loop = loop
        self.listener = listener
        self.desk = desk
        log = BusLog(logger, engine: Session.name, every: settings.times.log)
        servers = ServerList(settings.addresses)
    }

    var now: MonotonicTime { MonotonicTime(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }

    /// - Parameter started: is resumed when the connection is there for the first time, or never will be.
    func start(_ started: CheckedContinuation<Void, any Error>) {
        self.started = started
        pump()
        keepWatch()
        beginRound()
    }

    /// Sends what waits, and ends.
    func stop(_ stopped: CheckedContinuation<Void, Never>) {
        if case .stopped = state { return stopped.resume() }
        self.stopped.append(stopped)
        guard !isStopping else { return }
        isStopping = true
        desk.withLockedValue { $0.queue.isHeld = false }
        guard case .up(let connection, _) = state else { return finish() }
        timer = after(settings.times.stop) { $0.finish() }
        pump()
        connection.session.mark()
        connection.flush()
        finishIfDone()
    }

    /// While it stops: ends when nothing waits any more.
    func finishIfDone() {
        if isStopping, desk.withLockedValue({ $0.queue.isEmpty }) { finish() }
    }

    // MARK: Connecting

    private func beginRound(last: BusAddress? = nil) {
        servers.begin(last: last, using: &random)
        isRefused = true
        connectToNext()
    }

    private func connectToNext() {
        guard case .away = state else { return }
        guard let server = servers.next() else {
            // One that takes this node would do; where none of them does at the start, none ever will.
            if isRefused, !hasBeenUp {
                let problem = desk.withLockedValue(\.status.problem) ?? "there is no server"
                started?.resume(throwing: BrokerError(.refused, "broker: \(problem)"))
                started = nil
                return finish()
            }
            let delay =
                isRefused
                ? .nanoseconds(Int64(Double(settings.times.refused.inNanoseconds) * Double.random(in: 0.5...1, using: &random)))
                : BackOff.delay(after: rounds, jitter: Double.random(in: 0..<1, using: &random))
            rounds += 1
            let (problem, queued) = desk.withLockedValue { ($0.status.problem, $0.queue.bytes) }
            if let problem, !isRefused { log.away(problem, at: now, queued: queued) }
            timer = after(delay) { $0.beginRound() }
            return
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(settings.times.connect.inNanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
        // An address needs no resolver, which works on threads that others may keep busy.
        let address = try? SocketAddress(ipAddress: server.host, port: server.port)
        (address.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: server.host, port: server.port))
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): bound.value.connected(channel, server)
                case .failure(let error): bound.value.failed(BusTrouble.failure(error), server)
                }
            }
    }

    private func connected(_ channel: any Channel, _ server: BusAddress) {
        guard case .away = state else { return channel.close(promise: nil) }
        do {
            let connection = BusConnection(try Session(opening(for: server)), server: server, runner: self)
            let pipeline = channel.pipeline.syncOperations
            if server.kind == .redis, server.isTLS { try pipeline.addHandler(settings.tls.handler(host: server.certificateHost)) }
            try pipeline.addHandler(connection)
            state = .greeting(connection)
            timer = after(settings.times.greeting) { _ in
                connection.end(.lost("the server did not greet in time; is it of that kind, and are both sides agreed on TLS?"))
            }
            connection.begin()
        } catch {
            channel.close(promise: nil)
            failed(BusTrouble.failure(error), server)
        }
    }

    private func opening(for server: BusAddress) throws -> BusOpening {
        var login = server.login
        if let file = settings.credentialsFile {
            // Read for each connection, for tokens expire and are replaced. It is small.
            do { login = .credentials(try BusSettings.credentials(in: file)) } catch { throw BusFailure.refused("\(error)") }
        }
        let encryption: BusOpening.Encryption = server.kind == .redis ? .settled : settings.tls.isAsked ? .always : .ifAsked
        return BusOpening(login: login, clientName: settings.clientName, version: settings.version, encryption: encryption)
    }

    // MARK: Ups and downs

    /// The engine has accepted this node: everything is asked for again.
    func greeted(_ connection: BusConnection<Session>) {
        guard case .greeting(let current) = state, current === connection else { return }
        timer?.cancel()
        state = .subscribing(connection, rest: Array(wanted)[...])
        isSettling = false
        pump()
    }

    /// Everything that was asked for is in force.
    func settled(_ connection: BusConnection<Session>) {
        guard case .subscribing(let current, let rest) = state, current === connection, rest.isEmpty else { return }
        state = .up(connection, since: now)
        let isBack = hasBeenUp
        hasBeenUp = true
        desk.withLockedValue { desk in
            desk.queue.open(messageLimit: connection.session.messageLimit)
            desk.status.isUp = true
            desk.status.server = connection.server.description
            desk.status.problem = nil
            if isBack { desk.status.reconnects += 1 }
        }
        log.connected(to: connection.server, subjects: wanted.count, at: now)
        listener.changed(isUp: true)
        started?.resume()
        started = nil
        pump()
    }

    /// The connection has ended.
    func ended(_ connection: BusConnection<Session>, _ failure: BusFailure) {
        switch state {
        case .away, .stopped: return
        case .greeting(let current), .subscribing(let current, _):
            guard current === connection else { return }
            leave(failure)
            failed(failure, connection.server)
        case .up(let current, let since):
            guard current === connection else { return }
            leave(failure)
            log.lost(connection.server, failure, at: now)
            listener.changed(isUp: false)
            guard !isStopping else { return finish() }
            rounds = now.since(since) >= settings.times.good ? 0 : rounds + 1
            let delay = BackOff.delay(after: rounds, jitter: Double.random(in: 0..<1, using: &random))
            timer = after(delay) { $0.beginRound(last: connection.server) }
        }
    }

    private func leave(_ failure: BusFailure) {
        state = .away
        timer?.cancel()
        markTimer?.cancel()
        markTimer = nil
        askTimer?.cancel()
        askTimer = nil
        unmarked = 0
        desk.withLockedValue { desk in
            desk.queue.close()
            desk.status.isUp = false
            desk.status.server = nil
            desk.status.problem = failure.reason
        }
    }

    /// A server could not be reached, or not be used.
    private func failed(_ failure: BusFailure, _ server: BusAddress) {
        guard case .away = state else { return }
        let problem = "\(server): \(failure.reason)"
        desk.withLockedValue { $0.status.problem = problem }
        if failure.kind != .refused {
            isRefused = false
        } else if hasBeenUp {
            log.refused(problem, at: now)
        }
        connectToNext()
    }

    private func finish() {
        timer?.cancel()
        watch?.cancel()
        markTimer?.cancel()
        askTimer?.cancel()
        let old = state
        state = .stopped
        let left = desk.withLockedValue { desk in
            desk.isStopped = true
            desk.runner = nil
            desk.queue.close()
            desk.status.isUp = false
            desk.status.server = nil
            return desk.queue.waitingCount
        }
        if left > 0 { log.stopped(leaving: left) }
        switch old {
        case .greeting(let connection), .subscribing(let connection, _): connection.end(.lost("this node has left"))
        case .up(let connection, _):
            connection.end(.lost("this node has left"))
            listener.changed(isUp: false)
        case .away, .stopped: break
        }
        started?.resume(throwing: CancellationError())
        started = nil
        for waiting in stopped { waiting.resume() }
        stopped = []
    }

    // MARK: Watching

    /// From time to time: is the server still there? Has something to be said?
    private func keepWatch() {
        watch = after(settings.times.silence) { runner in
            runner.keepWatch()
            runner.look()
        }
    }

    private func look() {
        let (dropped, tooLarge) = desk.withLockedValue { ($0.queue.dropped, $0.queue.tooLarge) }
        switch state {
        case .subscribing(let connection, _), .up(let connection, _):
            log.dropped(dropped, tooLarge: tooLarge, limit: connection.session.messageLimit, at: now)
            defer { connection.hasHeard = false }
            if connection.hasHeard { connection.unanswered = 0 } else { connection.unanswered += 1 }
            guard connection.unanswered <= settings.times.unanswered else { return connection.end(.lost("the server was silent")) }
            guard connection.unanswered > 0 else { return }
            connection.session.ping()
            connection.flush()
        case .away, .greeting: log.dropped(dropped, tooLarge: tooLarge, limit: nil, at: now)
        case .stopped: break
        }
    }

    func after(_ delay: Duration, _ work: @escaping (BusRunner) -> Void) -> Scheduled<Void> {
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.inNanoseconds)) { work(self) }
    }
}
