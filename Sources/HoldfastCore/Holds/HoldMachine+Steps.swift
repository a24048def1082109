// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

// What several facts lead to.
extension HoldMachine {
    /// The channels whose last publication is known to be another than the response takes into account, and what came between does not wait.
    func conflicts(_ lastID: (ChannelName) -> String?) -> [ChannelName] {
        channels.filter { channel in
            guard let previous = channel.previousID, let last = lastID(channel.channel), !previous.hasBytes(of: last) else { return false }
            return !waiting.contains { $0.channel == channel.channel && follows($0) }
        }.map(\.channel)
    }

    /// What the app is told that the response takes into account.
    var gaps: [HoldGap] {
        channels.compactMap { channel in channel.previousID.map { HoldGap(channel: channel.name, lastID: $0) } }
    }

    /// Moves from the channels before to these, with what is said of them.
    mutating func change(to new: [HoldInstruction.Channel]) -> [HoldOrder] {
        var orders: [HoldOrder] = []
        if !hasImplicitChannels {
            hasImplicitChannels = true
            orders += implicitChannels.map { .subscribe($0) }
        }
        let before = Set(channels.map(\.channel)).union(implicitChannels)
        let after = Set(new.map(\.channel)).union(implicitChannels)
        orders += channels.filter { !after.contains($0.channel) }.map { .unsubscribe($0.channel) }
        orders += new.filter { !before.contains($0.channel) }.map { .subscribe($0.channel) }
        channels = new
        return orders
    }

    /// A response's own body, as its channels' filters make it.
    func filtered(_ body: ByteBuffer) throws(HoldInstructionError) -> ByteBuffer {
        guard instruction.rewritesBody, body.readableBytes > 0 else { return body }
        let outcome = GripFilter.outcome(
            of: [.buildID], meta: instruction.meta, isMember: { _ in false }, previousID: { previousID($0, of: instruction.channels) },
            publicationMeta: [:], content: body, maxBytes: maxContentBytes)
        switch outcome {
        case .pass(let bytes): return bytes
        case .drop(let why): throw HoldInstructionError("\(why)")
        }
    }

    func previousID(_ name: String, of channels: [HoldInstruction.Channel]) -> String? {
        channels.first { $0.name.description.hasBytes(of: name) }?.previousID
    }

    /// The head is out; the body comes, or is there.
    mutating func receive(_ body: ByteBuffer, bodyFollows: Bool, at now: MonotonicTime) -> [HoldOrder] {
        state = .receiving
        hasReceived = false
        let orders = bodyReceived(body, at: now)
        return bodyFollows ? orders : orders + bodyEnded(at: now)
    }

    mutating func askAgain() -> [HoldOrder] {
        state = .asking
        timeoutAt = nil
        return [.requestAgain(gaps)]
    }

    mutating func fetch() -> [HoldOrder] {
        guard let nextURI else { return [] }
        state = .fetching
        linkAt = nil
        return [.fetch(nextURI, gaps)]
    }

    mutating func retry(at time: MonotonicTime) -> [HoldOrder] {
        state = .retrying(at: time)
        return []
    }

    mutating func startKeepAlive(at now: MonotonicTime) {
        guard let keepAlive = instruction.keepAlive else {
            keepAliveAt = nil
            return
        }
        // Up to a second earlier, but never so much earlier that short intervals become none.
        let most = min(Duration.seconds(1), keepAlive.timeout / 10)
        keepAliveAt = now + (keepAlive.timeout - most * jitter)
    }

    mutating func startLinkTimer(at now: MonotonicTime) {
        activeChannels = []
        guard let timeout = instruction.nextLink?.timeout, nextURI != nil else {
            linkAt = nil
            return
        }
        linkAt = now + timeout
    }

    /// Nothing more can be done for the client than to tell it.
    mutating func fail(_ why: String) -> [HoldOrder] {
        let report = HoldOrder.report(why)
        guard hasBegun else { return [report] + finish(with: [.respond(.failure(why, debug: debug))]) }
        let isTorn = instruction.mode == .none || (state == .receiving && (hasReceived || !isLink))
        let told: [HoldOrder] = debug ? [.write(ByteBuffer(string: "\n\n\(why)\n"))] : []
        return [report] + finish(with: told + [isTorn ? .breakOff : .end])
    }

    /// The request is over.
    ///
    /// - Parameter last: what the client gets; none where it has left. It comes last, for it ends the exchange.
    mutating func finish(with last: [HoldOrder] = []) -> [HoldOrder] {
        var orders: [HoldOrder] = []
        if hasImplicitChannels { orders += implicitChannels.map { .unsubscribe($0) } }
        orders += channels.filter { !implicitChannels.contains($0.channel) }.map { .unsubscribe($0.channel) }
        if let goneURI { orders.append(.postGone(goneURI)) }
        state = .over
        channels = []
        hasImplicitChannels = false
        waiting = []
        instruction = HoldInstruction(mode: .none)
        return orders + last
    }
}
