// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// Carrying out what an app orders of a connection beyond messages, and the clocks that it sets.
extension Connection {
    func perform(_ control: ConnectionControl) -> ActionResult {
        // Also about a client that is just being refused.
        if case .warn(let why) = control {
            warn(why)
            return .done(delivered: 1)
        }
        guard isReachable else { return .notFound }
        switch control {
        case .ping(let payload): sendControl(.ping, payload)
        case .pong(let payload): sendControl(.pong, payload)
        case .disconnect: execute(machine.disconnectOrdered())
        case .detach: detach()
        case .refresh: tell(.refresh)
        case .poll(let interval):
            guard interval != nil || extras != nil else { break }
            let extras = withExtras
            extras.pollInterval = interval
            postponePoll()
        case .keepAlive(let message):
            guard message != nil || extras != nil else { break }
            let extras = withExtras
            extras.keepAlive = message
            extras.keepAliveAt = message.map { shard.now + $0.after }
            remindExtras()
        case .sendLater(let message):
            sendWaiting()
            let extras = withExtras
            extras.later = message
            extras.laterAt = shard.now + message.after
            remindExtras()
        case .flushLater: sendWaiting()
        case .remember(let session):
            let session = route.shared(session)
            grip = session
            if session.hasFilters || extras != nil { withExtras.grip = session }
        case .follow(let channel, let id): follow(channel, from: id)
        case .warn: break
        }
        return .done(delivered: 1)
    }

    /// Something that the app sent has no effect.
    func warn(_ why: String) {
        guard let held = route.warnings.pass(at: shard.now) else { return }
        var metadata: Logger.Metadata = [LogKey.connection: "\(facts.idText)", LogKey.route: "\(facts.route)", LogKey.error: "\(why)"]
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        shard.logger.warning("a part of the app's answer has no effect", metadata: metadata)
    }

    // MARK: Clocks

    /// A reminder has come: does what is due.
    func checkExtras(at now: MonotonicTime) {
        guard let extras else { return }
        if let due = extras.remindedAt, due <= now { extras.remindedAt = nil }
        if let due = extras.pollAt, due <= now {
            extras.pollAt = nil
            tell(.refresh)
        }
        if let due = extras.laterAt, due <= now { sendWaiting() }
        if let due = extras.keepAliveAt, due <= now, let message = extras.keepAlive {
            // Noticed late by a tick at most: the next one is counted from when this one was due.
            extras.keepAliveAt = due + message.after <= now ? now + message.after : due + message.after
            send(message)
        }
        remindExtras()
    }

    /// The app was just called: it is not to be called for nothing so soon.
    func postponePoll() {
        guard let extras, machine.isOpen else { return }
        extras.pollAt = extras.pollInterval.map { shard.now + $0 }
        remindExtras()
    }

    /// A message goes to the client: it needs no keep-alive for a while.
    func postponeKeepAlive() {
        guard let extras, let message = extras.keepAlive, !message.isInterval else { return }
        // The reminder that is under way finds that there is more time.
        extras.keepAliveAt = shard.now + message.after
    }

    private func sendWaiting() {
        guard let extras, let message = extras.later else { return }
        extras.later = nil
        extras.laterAt = nil
        send(message)
    }

    private func send(_ message: TimedMessage) {
        switch message.form {
        case .text: sendPayload(.text(message.bytes))
        case .binary: sendPayload(.binary(message.bytes))
        case .ping: sendControl(.ping, message.bytes)
        case .pong: sendControl(.pong, message.bytes)
        }
    }

    private func sendPayload(_ payload: Payload) {
        var message = OutgoingMessage(payload)
        _ = send(&message)
    }

    private func remindExtras() {
        guard let extras, let due = extras.dueAt, machine.isReachable else { return }
        if let under = extras.remindedAt, under <= due { return }
        extras.remindedAt = due
        shard.remind(self, at: due)
    }

    // MARK: Publications that must not be missed

    private func follow(_ channel: ChannelName, from id: String) {
        let extras = withExtras
        extras.followed[channel] = id
        extras.gaps.remove(channel)
        guard let known = shard.hub.lastID(of: channel), !known.utf8.elementsEqual(id.utf8) else { return }
        miss(channel)
    }

    private func miss(_ channel: ChannelName) {
        guard let extras, extras.gaps.insert(channel).inserted else { return }
        tell(.refresh)
    }

    /// Whether a publication is the next one of a channel of which none may be missed; where one is missing, the app is asked.
    func isNext(_ publication: Publication) -> Bool {
        guard let extras, let last = extras.followed[publication.channel], let id = publication.id else { return true }
        guard !extras.gaps.contains(publication.channel) else { return false }
        if let previous = publication.details?.previousID, !previous.utf8.elementsEqual(last.utf8) {
            miss(publication.channel)
            return false
        }
        extras.followed[publication.channel] = id
        return true
    }

    /// The channels to ask the app about.
    var gaps: [ChannelGap] {
        guard let extras, !extras.gaps.isEmpty else { return [] }
        return extras.gaps.sorted { $0.description < $1.description }
            .compactMap { channel in extras.followed[channel].map { ChannelGap(channel: channel, lastID: $0) } }
    }

    /// The app was asked about gaps and has answered: what it did not set anew goes on from what was published last.
    func closeGaps() {
        guard let extras else { return }
        for gap in extras.askedGaps where extras.gaps.contains(gap.channel) && extras.followed[gap.channel] == gap.lastID {
            extras.gaps.remove(gap.channel)
            extras.followed[gap.channel] = shard.hub.lastID(of: gap.channel) ?? gap.lastID
        }
        extras.askedGaps = []
    }

    // MARK: Inside

    /// Tells the app of an end, the last thing that it hears; the client stays.
    private func detach() {
        guard !delivery.isFinished else { return }
        let extras = withExtras
        guard !extras.isDetached else { return }
        extras.isDetached = true
        extras.pollInterval = nil
        extras.pollAt = nil
        if route.hears(.close) {
            _ = delivery.occurred(.end(Ending(code: .none, isClean: true, cause: .app)), at: shard.now, limits: limits)
        } else {
            _ = delivery.endedUnheard(at: shard.now)
        }
        resumeReading()
    }

    /// To be changed: what is set there may ask for a look at each message.
    var withExtras: ConnectionExtras {
        barFanOuts()
        if let extras { return extras }
        let made = ConnectionExtras()
        extras = made
        return made
    }
}
