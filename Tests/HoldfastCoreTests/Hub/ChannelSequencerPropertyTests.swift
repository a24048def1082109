// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// The sequencer beside a plain list that does the same without a thought for speed.
struct ChannelSequencerPropertyTests {
    private struct Model {
        var last: [ChannelName: String] = [:]
        var waiting: [(item: Publication, since: MonotonicTime)] = []

        mutating func sendOut(_ item: Publication) -> [Publication] {
            last[item.channel] = item.id
            guard let id = item.id else { return [item] }
            guard let place = waiting.firstIndex(where: { $0.item.channel == item.channel && $0.item.details?.previousID == id }) else {
                return [item]
            }
            return [item] + sendOut(waiting.remove(at: place).item)
        }

        mutating func take(_ item: Publication, at now: MonotonicTime, limit: Int) -> [Publication] {
            if item.details?.isUnordered == true { return [item] }
            guard let previous = item.details?.previousID, let known = last[item.channel], known != previous else { return sendOut(item) }
            waiting.append((item, now))
            let ours = waiting.indices.filter { waiting[$0].item.channel == item.channel }
            return ours.count > limit ? sendOut(waiting.remove(at: ours[0]).item) : []
        }

        mutating func due(at now: MonotonicTime, wait: Duration) -> [Publication] {
            var out: [Publication] = []
            while let first = waiting.first, now.since(first.since) >= wait {
                waiting.removeFirst()
                out += sendOut(first.item)
            }
            return out
        }
    }

    @Test("Whatever comes, in whatever order, both say the same, and everything goes out once", arguments: 0..<60)
    func model(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        var limits = ChannelSequencer.Limits()
        limits.waitingPerChannel = 4
        var sequencer = ChannelSequencer(wait: .seconds(5), limits: limits)
        var model = Model()
        var now = MonotonicTime.after(.zero)
        var taken = 0
        var gone: [Publication] = []
        let channels = ["a", "b", "c"].map(ChannelName.sample)
        for step in 0..<400 {
            now = now + .milliseconds(Int.random(in: 0...900, using: &generator))
            let channel = channels[Int.random(in: 0..<3, using: &generator)]
            switch Int.random(in: 0..<12, using: &generator) {
            case 0:
                sequencer.forget(channel)
                model.last[channel] = nil
            case 1, 2:
                let due = sequencer.due(at: now)
                #expect(due == model.due(at: now, wait: .seconds(5)))
                gone += due
            default:
                let number = Int.random(in: 0..<8, using: &generator)
                let details = PublicationDetails(
                    previousID: generator.oneIn(5) ? nil : "\(number - 1)", isUnordered: generator.oneIn(10))
                let item = Publication(
                    channel: channel, payload: .sample("\(step)"), id: generator.oneIn(6) ? nil : "\(number)", details: details)
                taken += 1
                let expected = model.take(item, at: now, limit: 4)
                switch sequencer.take(item, at: now) {
                case .pass(let items):
                    #expect(items == expected)
                    gone += items
                case .waiting: #expect(expected.isEmpty)
                }
            }
            for channel in channels { #expect(sequencer.lastID(of: channel) == model.last[channel]) }
            #expect(sequencer.waitingCount == model.waiting.count)
        }
        gone += sequencer.due(at: now + .seconds(5))
        #expect(gone.count == taken)
        #expect(Set(gone.map { String(buffer: $0.payload.bytes) }).count == taken)
        #expect(sequencer.waitingBytes == 0)
    }

    @Test("A numbered stream in any order within the limit comes out in order", arguments: 0..<30)
    func shuffled(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        let channel = ChannelName.sample("a")
        let items = (1...80).map { number in
            Publication(channel: channel, payload: .sample("\(number)"), id: "\(number)", details: PublicationDetails(previousID: "\(number - 1)"))
        }
        var sequencer = ChannelSequencer()
        _ = sequencer.take(Publication(channel: channel, payload: .sample("0"), id: "0"), at: .after(.zero))
        var out: [Publication] = []
        for item in items.shuffled(using: &generator) {
            if case .pass(let passed) = sequencer.take(item, at: .after(.seconds(1))) { out += passed }
        }
        #expect(out == items)
    }
}
