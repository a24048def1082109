// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// The outbound side: what a connection has that a client did not open.
extension Connection {
    /// Whether it was, or is being, dialled.
    var isOutbound: Bool { dial != nil }

    /// It is known what will be dialled.
    func prepare(for request: DialRequest) {
        let url = request.url
        facts = ConnectionFacts(
            id: id, direction: .outbound, route: route.configuration.name,
            request: OpeningRequest(path: url.path, query: url.query, remoteAddress: url.host, headers: [], protocols: []), keeping: [])
        state = ConnectionState().merging(request.state)
        if let name = request.name {
            state = state.merging(StatePatch([.init(key: "connection", value: name)]))
            for channel in [UnsocketSettings.channel, UnsocketSettings.channel(of: name)].compactMap(ChannelName.init) {
                _ = perform(.subscribe(channel, to: nil))
            }
        }
        // What follows a connection that was lost is news to the app once it is open.
        if dial?.isAgain == false { shard.records?.keep(self) }
        // The reader of the app's answer has tried the patterns.
        if !request.exclude.isEmpty || extras != nil { withExtras.excluded = try? TextFilter(request.exclude) }
    }

    /// The remote has accepted; its channel is this connection's from now on.
    func dialled(_ request: DialRequest, _ acceptance: DialAttempt.Acceptance) {
        let url = request.url
        let address = acceptance.channel.remoteAddress?.ipAddress ?? url.host
        let opening = OpeningRequest(
            path: url.path, query: url.query, remoteAddress: address, headers: acceptance.headers, protocols: acceptance.chosen.map { [$0] } ?? [],
            isSecure: url.isTLS)
        facts = ConnectionFacts(
            id: id, direction: .outbound, route: route.configuration.name, request: opening, keeping: route.traits.keepsHeaders)
        chosenProtocol = acceptance.chosen
        isPlain = !url.isTLS
        keepAlive = KeepAliveMachine(openedAt: shard.now)
        if let agreement = acceptance.compression {
            compression = shard.compression.compression(for: agreement, policy: route.configuration.compression, role: .client)
        }
        let order = machine.remoteAccepted()
        // What the app has said with the address comes before what was pushed while the remote was away: it may be what lets us in.
        var waiting = sendQueue
        sendQueue = SendQueue()
        for action in dial?.takeFirstWords() ?? [] { shard.perform(action, from: self) }
        while let frame = waiting.next() { _ = sendQueue.enqueue(frame, limit: .max, policy: limits.slowReader) }
        execute(order)
        tell(.open(opening))
    }

    /// The remote cannot be had.
    func notReached(_ why: String) { execute(machine.dialFailed(why)) }

    /// The app has said what to dial, and perhaps what to do then.
    func dialAsTold(_ actions: [Action]) {
        var requests: [DialRequest] = []
        var rest: [Action] = []
        for action in actions { if case .dial(let request, _) = action { requests.append(request) } else { rest.append(action) } }
        for other in dial?.answered(requests, firstWords: rest) ?? [] {
            if case .refused(let why) = shard.dial(other, on: route) { shard.logger.debug("not dialled", metadata: [LogKey.error: "\(why)"]) }
        }
    }
}
