// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// Carrying out what ``ConnectionMachine`` orders.
extension Connection {
    func execute(_ order: ConnectionMachine.Order, refusal: Refusal = Refusal()) {
        switch order {
        case .none, .deliver, .pong: break
        case .upgrade, .begin: opened()
        case .refuse:
            leaveChannels()
            opening?.refuse(refusal)
            opening = nil
            forget()
        case .refuseUnasked(let refusal):
            leaveChannels()
            opening?.refuse(refusal)
            opening = nil
        case .sendClose(let code, let reason):
            leaveChannels()
            sendClose(code, reason: reason)
            hangUp(within: Self.closeTimeout)
            resumeReading()
        case .fail(let code, let reason):
            leaveChannels()
            sendQueue.removeAll()
            sendClose(code, reason: reason)
            flush()
            context?.close(mode: .output, promise: nil)
            hangUp(within: Self.failTimeout)
            resumeReading()
        case .echoClose(let code, let ending, let hangUp):
            leaveChannels()
            sendQueue.removeAll()
            sendClose(code, reason: "")
            flush()
            if hangUp == .now { closeAfterFlush() }
            self.hangUp(within: Self.failTimeout)
            ended(ending)
        case .end(let ending, let hangUp):
            leaveChannels()
            sendQueue.removeAll()
            if hangUp == .now { context?.close(promise: nil) } else { self.hangUp(within: Self.failTimeout) }
            ended(ending)
        }
    }

    /// Closes it in words of the app, an operator or a channel's closing.
    func close(_ code: CloseCode, reason: String) {
        execute(machine.closeOrdered(code, reason: reason, error: nil, cause: .app))
    }

    private func opened() {
        countOpened()
        drainSendQueue()
        postponePoll()
        if let interval = route.configuration.keepAlive.soonest {
            keepAliveAt = shard.now + interval
            shard.remind(self, at: shard.now + interval)
        }
    }

    private func countOpened() {
        wasOpened = true
        route.counters.opened(isOutbound: isOutbound)
        shard.records?.keep(self)
    }

    /// The client went away while the app was asked.
    func clientLeft() {
        opening = nil
        execute(machine.transportClosed())
        // The app has not said yes, so it need not be asked any more.
        if delivery.isPostponed { execute(machine.appRefused()) }
    }

    /// The end is known: the app is told, and when it has been told the connection is forgotten.
    private func ended(_ ending: Ending) {
        // A remote that could not be had is no connection that ended.
        let wasThere = wasOpened || !isOutbound
        if wasThere {
            if !wasOpened { countOpened() }
            route.counters.closed(ending, isOutbound: isOutbound)
        }
        keepAlive.ended()
        keepAliveAt = nil
        isDeaf = true
        unread = nil
        shard.logger.debug(
            "connection ended",
            metadata: [
                LogKey.connection: "\(facts.idText)", LogKey.route: "\(facts.route)", LogKey.code: "\(ending.code)",
                LogKey.reason: "\(ending.cause.rawValue)", LogKey.error: "\(ending.error ?? "")",
            ])
        defer { dial?.connectionEnded(ending) }
        extras?.hasEnded = true
        if extras?.isDetached == true {
            if delivery.isFinished { forget() }
            return
        }
        // Nor has the app heard of one that was to follow another.
        if route.hears(.close), wasThere || dial?.isAgain != true {
            _ = delivery.occurred(.end(ending), at: shard.now, limits: limits)
        } else if delivery.endedUnheard(at: shard.now) {
            return forget()
        }
        delivery.resumeAfterEnd()
        pumpDelivery()
    }

    /// Gets no publications any more. Which channels it was on is kept: the app hears of it with the end.
    func leaveChannels() {
        guard !hasLeft else { return }
        hasLeft = true
        barFanOuts()
        for channel in channels { shard.unsubscribe(self, from: channel) }
    }

    /// Gives up waiting for the peer after a while.
    private func hangUp(within time: Duration) {
        closeAt = shard.now + time
        shard.remind(self, at: shard.now + time)
    }

    private func closeAfterFlush() {
        guard let channel = context?.channel else { return }
        channel.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in channel.close(promise: nil) }
    }

    /// The slot is free for another, once the socket has gone too: a client that does not read may keep its own from closing until ``closeAt``.
    func forget() {
        retryAt = nil
        shard.records?.drop(id)
        if dial?.isCurrent(self) == false { dial?.appHasHeard() }
        if context?.channel.isActive == true, closeAt != nil {
            isOver = true
        } else {
            closeAt = nil
            shard.forget(id)
        }
    }
}

extension KeepAlivePolicy {
    /// When the first look at a new connection is due.
    fileprivate var soonest: Duration? { [pingInterval, idleTimeout, maxLifetime].compactMap(\.self).min() }
}
