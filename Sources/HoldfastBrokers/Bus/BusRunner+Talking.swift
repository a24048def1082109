// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOConcurrencyHelpers
import NIOCore

extension BusRunner {
    /// Bytes that are written at once.
    private static var portion: Int { 64 << 10 }
    /// Bytes after which others on this loop have their turn.
    private static var turn: Int { 1 << 20 }
    /// Subjects that are asked for at once.
    private static var batch: Int { 1000 }
    /// Publications after which they are to be confirmed at once.
    private static var maxUnmarked: Int { 1024 }

    /// Does what there is to do: once in a turn of the loop, whatever has come together since the last.
    func pump() {
        for change in desk.withLockedValue({ $0.takeChanges() }) { apply(change) }
        switch state {
        case .subscribing(let connection, let rest): subscribe(rest, connection)
        case .up(let connection, _): publish(connection)
        case .away, .greeting, .stopped: break
        }
    }

    /// Has ``pump()`` called in the loop's next turn.
    func pumpSoon() {
        guard let runner = desk.withLockedValue({ $0.wake() }) else { return }
        loop.execute { runner.value.pump() }
    }

    /// What the connection has read.
    func heard(_ news: BusNews, on connection: BusConnection<Session>) {
        if !news.messages.isEmpty { listener.received(news.messages) }
        var goesOn = false
        if news.confirmed > 0 || news.refused > 0 {
            goesOn = desk.withLockedValue { desk in
                desk.queue.confirm(news.confirmed)
                desk.queue.refuse(news.refused)
                return desk.queue.hasNext
            }
        }
        for event in news.events {
            take(event, connection)
            guard isCurrent(connection) else { return }
        }
        if let failure = news.failure { return connection.end(failure) }
        if goesOn { pump() }
        finishIfDone()
    }

    private func take(_ event: BusEvent, _ connection: BusConnection<Session>) {
        switch event {
        case .startTLS: connection.startTLS(settings.tls)
        case .ready: greeted(connection)
        case .settled: settled(connection)
        case .servers(let places): servers.learn(places, from: connection.server)
        case .leaving:
            // Where there is no other server, this one is as good as any for as long as it is there.
            if servers.count > 1 { connection.end(.lost("the server is about to shut down (lame duck mode)")) }
        case .messageLimit(let limit):
            desk.withLockedValue { if $0.queue.isOpen { $0.queue.limit(limit) } }
        case .messageRefused(let text):
            log.complained(text, at: now)
            listener.refused(text)
        case .subscriptionRefused(let text):
            log.complained(text, at: now)
            askAgain()
        case .complaint(let text): log.complained(text, at: now)
        }
    }

    private func isCurrent(_ connection: BusConnection<Session>) -> Bool {
        switch state {
        case .greeting(let current), .subscribing(let current, _), .up(let current, _): current === connection
        case .away, .stopped: false
        }
    }

    /// Rights may be given later: asks once more for all that is wanted, after a while. To ask for what is heard already does no harm.
    private func askAgain() {
        guard askTimer == nil else { return }
        askTimer = after(settings.times.refused) { runner in
            runner.askTimer = nil
            guard case .up(let connection, _) = runner.state else { return }
            connection.session.subscribe(Array(runner.wanted))
            connection.flush()
        }
    }

    // MARK: Subscriptions

    private func apply(_ change: SubjectChange) {
        switch change {
        case .subscribe(let subjects):
            let new = subjects.filter { wanted.insert($0).inserted }
            guard !new.isEmpty else { return }
            switch state {
            case .subscribing(let connection, let rest): state = .subscribing(connection, rest: rest + new)
            case .up(let connection, _): connection.session.subscribe(new)
            case .away, .greeting, .stopped: break
            }
        case .unsubscribe(let subjects):
            let old = subjects.filter { wanted.remove($0) != nil }
            guard !old.isEmpty else { return }
            switch state {
            case .subscribing(let connection, _), .up(let connection, _): connection.session.unsubscribe(old)
            case .away, .greeting, .stopped: break
            }
        }
    }

    /// Asks for what is wanted, as fast as the server reads, and at the end for a word that it is in force.
    private func subscribe(_ subjects: ArraySlice<String>, _ connection: BusConnection<Session>) {
        var rest = subjects
        while !rest.isEmpty, connection.isWritable {
            connection.session.subscribe(rest.prefix(Self.batch).filter { wanted.contains($0) })
            rest = rest.dropFirst(Self.batch)
            connection.flush()
        }
        // Writing may have found the connection broken.
        guard case .subscribing(let current, _) = state, current === connection else { return }
        state = .subscribing(connection, rest: rest)
        guard rest.isEmpty, !subjects.isEmpty || !isSettling else { return }
        isSettling = true
        connection.session.settle()
        connection.flush()
    }

    // MARK: Publications

    /// Publishes what waits, as fast as the server reads.
    private func publish(_ connection: BusConnection<Session>) {
        var left = Self.turn
        while connection.isWritable {
            guard left > 0 else {
                pumpSoon()
                break
            }
            let (messages, waits) = desk.withLockedValue { desk in
                (desk.queue.take(upTo: Self.portion), !desk.queue.hasNext && desk.queue.waitingCount > 0)
            }
            for message in messages { connection.session.publish(message) }
            unmarked += messages.count
            if unmarked > 0, waits || isStopping || unmarked >= Self.maxUnmarked { mark(connection) }
            guard !messages.isEmpty else { break }
            left -= connection.session.output.readableBytes
            connection.flush()
        }
        connection.flush()
        guard unmarked > 0, markTimer == nil else { return }
        markTimer = after(settings.times.mark) { runner in
            runner.markTimer = nil
            guard runner.unmarked > 0, case .up(let connection, _) = runner.state else { return }
            runner.mark(connection)
            connection.flush()
        }
    }

    private func mark(_ connection: BusConnection<Session>) {
        connection.session.mark()
        unmarked = 0
    }
}
