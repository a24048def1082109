// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Keeps the order of a channel's publications: one that names the publication before it waits until that one has gone out, or for so long.
///
/// The order is known from the publication that went out last on the channel. Where that is not known (the first one, or the last had no id, or
/// the channel was forgotten), the next is trusted to be the right one. A publication without a previous id goes out at once and sets the last
/// id; without an id, too, it leaves the order unknown. One that is unordered passes by and leaves no trace.
///
/// Nothing is lost, and nothing grows without bound: at each limit on what waits, the one that has waited longest goes out early, with those
/// that waited for it. It takes a publication once: repetitions are the business of ``DeduplicationWindow``, before.
package struct ChannelSequencer: Sendable {
    package enum Outcome: Equatable, Sendable {
        /// These go out now, in this order: the publication and those that waited for it; or others that it pushed out at a limit, where it waits
        /// itself.
        case pass([Publication])
        /// Nothing goes out now.
        case waiting
    }

    /// The limits of what is kept.
    package struct Limits: Sendable {
        /// How many publications of one channel may wait.
        package var waitingPerChannel = 100
        /// How much may wait over all channels, in bytes: contents, ids, and a flat part for each.
        package var waitingBytes = 64 << 20
        /// Of how many channels the last id is known. Beyond it the ids that were set longest ago are forgotten, half of them at once.
        package var knownChannels = 200_000

        package init() {}
    }

    private struct Waiting: Sendable {
        let publication: Publication
        let previousID: String
        let since: MonotonicTime
        let number: UInt64
        let weight: Int
    }

    /// How long one waits at most.
    package let wait: Duration
    private let limits: Limits
    private var lastIDs: RecentIDs
    /// In the order in which they came; no entry without any.
    private var waiting: [ChannelName: [Waiting]] = [:]
    /// Who came when, over all channels. Some are gone already.
    private var arrivals: Deque<(channel: ChannelName, number: UInt64)> = []
    private var nextNumber: UInt64 = 0
    package private(set) var waitingCount = 0
    package private(set) var waitingBytes = 0

    /// - Parameter wait: how long a publication waits for the one before it at most.
    package init(wait: Duration = .seconds(5), limits: Limits = Limits()) {
        self.wait = wait
        self.limits = limits
        lastIDs = RecentIDs(maxCount: limits.knownChannels)
    }

    /// A publication has come that is no repetition.
    package mutating func take(_ publication: Publication, at now: MonotonicTime) -> Outcome {
        if publication.details?.isUnordered == true { return .pass([publication]) }
        var ready: [Publication] = []
        guard let previousID = publication.details?.previousID, let lastID = lastIDs[publication.channel], !lastID.hasBytes(of: previousID) else {
            sendOut(publication, into: &ready)
            return .pass(ready)
        }
        hold(publication, until: previousID, at: now)
        if let list = waiting[publication.channel], list.count > limits.waitingPerChannel { release(list[0], into: &ready) }
        while waitingBytes > limits.waitingBytes, let oldest { release(oldest, into: &ready) }
        return ready.isEmpty ? .waiting : .pass(ready)
    }

    /// Takes out those whose wait is over, each followed by those that waited for it.
    package mutating func due(at now: MonotonicTime) -> [Publication] {
        var ready: [Publication] = []
        while let oldest, now.since(oldest.since) >= wait { release(oldest, into: &ready) }
        return ready
    }

    /// The id of what went out last, as far as it is known.
    package func lastID(of channel: ChannelName) -> String? { lastIDs[channel] }

    /// The order of a channel is of no interest any more, for nobody listens there: its last id is forgotten. What waits goes out when its time is
    /// over: on other nodes somebody may listen.
    package mutating func forget(_ channel: ChannelName) { lastIDs[channel] = nil }

    private mutating func hold(_ publication: Publication, until previousID: String, at now: MonotonicTime) {
        let held = Waiting(publication: publication, previousID: previousID, since: now, number: nextNumber, weight: publication.weight)
        nextNumber += 1
        waiting[publication.channel, default: []].append(held)
        arrivals.append((publication.channel, held.number))
        waitingCount += 1
        waitingBytes += held.weight
        // Those that are gone are dropped from the front as time passes; this is for the many behind one that waits long.
        if arrivals.count > 2 * waitingCount + 64 { arrivals = Deque(arrivals.filter { entry($0) != nil }) }
    }

    /// The one that has waited longest.
    private var oldest: Waiting? {
        mutating get {
            while let first = arrivals.first {
                if let entry = entry(first) { return entry }
                arrivals.removeFirst()
            }
            return nil
        }
    }

    private func entry(_ arrival: (channel: ChannelName, number: UInt64)) -> Waiting? {
        waiting[arrival.channel]?.first { $0.number == arrival.number }
    }

    private mutating func release(_ entry: Waiting, into ready: inout [Publication]) {
        let channel = entry.publication.channel
        guard let place = waiting[channel]?.firstIndex(where: { $0.number == entry.number }) else { return }
        sendOut(takeOut(at: place, of: channel), into: &ready)
    }

    /// Sends a publication out, and those that now have their turn.
    private mutating func sendOut(_ publication: Publication, into ready: inout [Publication]) {
        var next = publication
        while true {
            ready.append(next)
            lastIDs[next.channel] = next.id
            guard let id = next.id, let place = waiting[next.channel]?.firstIndex(where: { $0.previousID.hasBytes(of: id) }) else { return }
            next = takeOut(at: place, of: next.channel)
        }
    }

    private mutating func takeOut(at place: Int, of channel: ChannelName) -> Publication {
        let entry = waiting[channel, default: []].remove(at: place)
        if waiting[channel]?.isEmpty == true { waiting[channel] = nil }
        waitingCount -= 1
        waitingBytes -= entry.weight
        return entry.publication
    }
}
