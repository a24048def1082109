// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Giving publications to those who hear them.
extension HubShard {
    /// Carries out actions in order; publications of one channel that follow one another go out together.
    ///
    /// - Returns: a result for each.
    func perform(_ actions: [Action]) -> [ActionResult] {
        var results: [ActionResult] = []
        results.reserveCapacity(actions.count)
        while results.count < actions.count {
            let run = PublicationRun.first(of: actions[results.count...]) { if case .publish(let publication) = $0 { publication } else { nil } }
            if run.isEmpty {
                results.append(perform(actions[results.count]))
            } else {
                for delivered in deliver(run) { results.append(.done(delivered: delivered)) }
            }
        }
        return results
    }

    /// Gives broadcasts to this loop's subscribers, in order.
    func deliver(_ broadcasts: [Broadcast]) {
        var rest = broadcasts[...]
        while let first = rest.first {
            let run = PublicationRun.first(of: rest) { if case .message(let publication) = $0 { publication } else { nil } }
            if run.isEmpty { _ = deliver(first) } else { _ = deliver(run) }
            rest = rest.dropFirst(max(1, run.count))
        }
    }

    /// Gives a broadcast to this loop's subscribers.
    ///
    /// - Returns: how many got it.
    func deliver(_ broadcast: Broadcast) -> Int {
        switch broadcast {
        case .message(let publication): return deliver([publication])[0]
        case .close(let channel, let code, let reason):
            let subscribers = subscribers(of: channel)
            for connection in subscribers { connection.close(code, reason: reason) }
            return subscribers.count
        }
    }

    /// Gives publications that can go out together, or any one, to this loop's connections and held requests.
    ///
    /// - Returns: for each how many got it.
    private func deliver(_ publications: [Publication]) -> [Int] {
        let audience = audience(of: publications[0].channel)
        var delivered = [Int](repeating: 0, count: publications.count)
        if !audience.connections.isEmpty {
            var run = OutgoingRun(publications)
            if let details = publications[0].details, !details.isPlainMessage {
                delivered[0] = give(&run, details, to: audience.connections)
            } else {
                fanOut(&run, to: audience.connections, &delivered)
            }
        }
        for listener in audience.listeners {
            for (index, publication) in publications.enumerated() {
                if let details = publication.details, listener.subscriber.heard(publication, details) { delivered[index] += 1 }
            }
        }
        return delivered
    }

    // MARK: The same for all

    /// Writes a run to each subscriber: its frames are made once.
    private func fanOut(_ run: inout OutgoingRun, to connections: [SubscriberList<Connection>.Entry], _ delivered: inout [Int]) {
        let started = NIODeadline.now()
        let except = run.publications[0].except
        // The first run of a turn goes out in one pass, while each connection's memory is at hand. Should more come in the same turn, they are
        // gathered, and flushed once.
        let flushing = !hasTurnEnd
        scheduleTurnEnd()
        var round = DirectPaths.Round(run, turn: directPaths.turn, at: now)
        var complete = 0
        for index in connections.indices {
            if !except.isEmpty, except.contains(connections[index].subscriber.id) { continue }
            switch directPaths.send(&run, to: connections[index].key, &round) {
            case .sent: complete += 1
            case .partly(let count):
                connections[index].subscriber.writeRest(of: round.bytes, from: count)
                complete += 1
            case .gathering where connections[index].subscriber.send(&run, flushing: false): complete += 1
            case .gathering, .closed:
                if send(&run, to: connections[index].subscriber, &round, flushing: flushing, &delivered) { complete += 1 }
            }
        }
        round.count()
        for index in delivered.indices { delivered[index] += complete }
        let seconds = Double((NIODeadline.now() - started).nanoseconds) / 1e9
        for _ in delivered { fanoutSeconds.record(seconds / Double(delivered.count)) }
    }

    /// Gives a run to a connection that must be asked.
    ///
    /// - Returns: whether it got all of it; else `delivered` says what it got.
    @inline(never)
    private func send(
        _ run: inout OutgoingRun, to connection: Connection, _ round: inout DirectPaths.Round, flushing: Bool, _ delivered: inout [Int]
    ) -> Bool {
        if let extras = connection.extras, extras.isChoosy {
            for index in delivered.indices {
                let isGiven = run.withMessage(index) { choose($0, $0.details, for: connection, extras, otherwise: &$1) }
                if isGiven { delivered[index] += 1 }
            }
            return false
        }
        if !connection.isDirty, connection.admitFanOuts() {
            switch directPaths.send(&run, to: connection.facts.id.slot, &round) {
            case .sent: return true
            case .partly(let count):
                connection.writeRest(of: round.bytes, from: count)
                return true
            case .gathering, .closed: break
            }
        }
        if connection.send(&run, flushing: flushing) { return true }
        for index in delivered.indices {
            if run.withMessage(index, { connection.send(&$1) }) == .taken { delivered[index] += 1 }
        }
        return false
    }

    // MARK: To each in the form that is theirs

    /// Gives a publication to connections that may get it in different ways.
    ///
    /// - Returns: how many got it.
    private func give(_ run: inout OutgoingRun, _ details: PublicationDetails, to connections: [SubscriberList<Connection>.Entry]) -> Int {
        run.withMessage(0) { publication, message in
            connections.count { entry in
                !publication.except.contains(entry.subscriber.id) && give(publication, details, to: entry.subscriber, &message)
            }
        }
    }

    private func give(
        _ publication: Publication, _ details: PublicationDetails, to connection: Connection, _ message: inout OutgoingMessage
    ) -> Bool {
        switch details.webSocket {
        case .message:
            guard let extras = connection.extras, extras.isChoosy else {
                // Without filters a connection gets what asks for none.
                return details.webSocketFilters?.isEmpty ?? true ? connection.send(&message) == .taken : false
            }
            return choose(publication, details, for: connection, extras, otherwise: &message)
        case .ping(let payload):
            connection.sendControl(.ping, payload)
        case .pong(let payload):
            connection.sendControl(.pong, payload)
        case .close(let code, let reason):
            guard connection.isNext(publication) else { return false }
            connection.close(code, reason: reason)
        case .refresh:
            connection.tell(.refresh)
        case .none:
            // It has its place in the order all the same.
            _ = connection.isNext(publication)
            return false
        }
        return true
    }

    /// Gives a message to a connection that has filters or must not miss any.
    ///
    /// - Parameter message: the message as it is for those whose filters leave it alone.
    private func choose(
        _ publication: Publication, _ details: PublicationDetails?, for connection: Connection, _ extras: ConnectionExtras,
        otherwise message: inout OutgoingMessage
    ) -> Bool {
        guard connection.isNext(publication) else { return false }
        guard let grip = extras.grip, let filters = grip.filters[publication.channel] else {
            return details?.webSocketFilters?.isEmpty ?? true ? connection.send(&message) == .taken : false
        }
        let outcome = GripFilter.outcome(
            of: filters, contentFilters: details?.webSocketFilters, meta: grip.meta,
            isMember: { name in connection.channels.contains { $0.description == name } },
            previousID: { extras.followed[ChannelName($0) ?? publication.channel] },
            publicationMeta: details?.meta ?? [:], content: publication.payload.bytes, maxBytes: connection.limits.maxMessageBytes)
        switch outcome {
        case .drop(.failed(let filter, let why)):
            connection.warn("a publication on \(publication.channel) is dropped: \(filter.rawValue): \(why)")
            return false
        case .drop: return false
        case .pass(let bytes) where bytes == publication.payload.bytes: return connection.send(&message) == .taken
        case .pass(let bytes):
            var own = OutgoingMessage(publication.payload.replacing(bytes))
            return connection.send(&own) == .taken
        }
    }
}

extension Payload {
    /// The same kind of message with other content.
    fileprivate func replacing(_ bytes: ByteBuffer) -> Payload {
        switch self {
        case .text: .text(bytes)
        case .binary: .binary(bytes)
        }
    }
}
