// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@Suite struct PoolGrowthTests {
    /// A pool with so many places more than at first.
    private static func grown(to places: Int, limit: Int = 256) -> PoolGrowth {
        var growth = PoolGrowth(limit: limit)
        while growth.places < places { growth.look(isBusy: false, isWanting: true) }
        return growth
    }

    @Test("It starts with a few places, or with as many as there may be", arguments: [(1, 1), (31, 31), (32, 32), (33, 32), (1_000_000, 32)])
    func start(_ limit: Int, _ places: Int) {
        let growth = PoolGrowth(limit: limit)
        #expect(growth.places == places)
        #expect(!growth.hasGrown)
        #expect(growth.canGrow == (limit > places))
        #expect(growth.hasPlace)
    }

    @Test func hasAPlaceUntilAllAreTaken() {
        var growth = PoolGrowth(limit: 2)
        let first = growth.sent()
        #expect(growth.hasPlace)
        _ = growth.sent()
        #expect(!growth.hasPlace)
        #expect(growth.inFlight == 2)
        growth.ended(first)
        #expect(growth.hasPlace)
        #expect(growth.inFlight == 1)
    }

    @Test("A fast app on a busy loop keeps its few places, however many requests wait")
    func fastApp() {
        var growth = PoolGrowth(limit: 256)
        for _ in 0..<100 {
            growth.watch()
            let requests = (0..<32).map { _ in growth.sent() }
            requests.forEach { growth.ended($0) }
            growth.look(isBusy: true, isWanting: true)
            #expect(growth.places == 32)
        }
    }

    @Test("A slow app has all places after a few looks, on a busy loop and on one with time to spare", arguments: [true, false])
    func slowApp(isBusy: Bool) {
        var growth = PoolGrowth(limit: 256)
        var looks = 0
        while growth.canGrow, looks < 100 {
            while growth.hasPlace { _ = growth.sent() }
            growth.watch()
            growth.look(isBusy: isBusy, isWanting: true)
            looks += 1
        }
        #expect(growth.places == 256)
        #expect(looks <= 3)
    }

    @Test("A few slow requests among fast ones get two places each, at however many looks they are there")
    func fewSlow() {
        var growth = PoolGrowth(limit: 256)
        let slow = (0..<3).map { _ in growth.sent() }
        for _ in 0..<50 {
            growth.watch()
            let fast = growth.sent()
            growth.ended(fast)
            growth.look(isBusy: true, isWanting: true)
            #expect(growth.places == 38)
        }
        slow.forEach { growth.ended($0) }
        for _ in 0..<6 {
            growth.watch()
            growth.look(isBusy: true, isWanting: true)
        }
        #expect(growth.places == 32)
    }

    @Test("Requests that were sent after the watch began are not slow")
    func notWatched() {
        var growth = PoolGrowth(limit: 256)
        growth.watch()
        for _ in 0..<32 { _ = growth.sent() }
        growth.look(isBusy: true, isWanting: true)
        #expect(growth.places == 32)
        growth.watch()
        growth.look(isBusy: true, isWanting: true)
        #expect(growth.places == 96)
    }

    @Test("With time to spare, places double while requests wait, up to the limit", arguments: [(32, 64), (64, 128), (128, 200), (200, 200)])
    func idleLoop(_ before: Int, _ after: Int) {
        var growth = Self.grown(to: before, limit: 200)
        growth.look(isBusy: false, isWanting: true)
        #expect(growth.places == after)
    }

    @Test("Nothing waits: what a loop with time to spare has, it keeps")
    func idleLoopAtRest() {
        var growth = Self.grown(to: 128)
        growth.look(isBusy: false, isWanting: false)
        #expect(growth.places == 128)
    }

    @Test("A busy loop gives places back by and by, whether requests wait or not", arguments: [true, false])
    func shrinks(isWanting: Bool) {
        var growth = Self.grown(to: 256)
        var seen = [growth.places]
        while growth.hasGrown, seen.count < 100 {
            growth.watch()
            growth.look(isBusy: true, isWanting: isWanting)
            seen.append(growth.places)
        }
        #expect(seen == [256, 192, 144, 108, 81, 61, 46, 35, 32])
    }

    @Test("Fewer places than are taken: none is free until enough have ended")
    func shrinksBelowWhatIsInFlight() {
        var growth = Self.grown(to: 64)
        growth.watch()
        let requests = (0..<64).map { _ in growth.sent() }
        growth.look(isBusy: true, isWanting: true)
        #expect(growth.places == 48)
        for (ended, request) in requests.enumerated() {
            #expect(growth.hasPlace == (ended > 16))
            growth.ended(request)
        }
        #expect(growth.inFlight == 0)
    }

    @Test("Whatever happens: the places stay between the first ones and the limit, and each request is counted once", arguments: 0..<200)
    func anything(_ seed: Int) {
        var random = QuickRandom(seed: UInt64(seed))
        let limit = Int.random(in: 1...300, using: &random)
        var growth = PoolGrowth(limit: limit)
        var underWay: [PoolGrowth.Sent] = []
        for _ in 0..<500 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<4 where growth.hasPlace: underWay.append(growth.sent())
            case 4, 5: if let index = underWay.indices.randomElement(using: &random) { growth.ended(underWay.remove(at: index)) }
            case 6: growth.watch()
            default: growth.look(isBusy: .random(using: &random), isWanting: .random(using: &random))
            }
            #expect(growth.inFlight == underWay.count)
            #expect((min(limit, PoolGrowth.start)...limit).contains(growth.places))
            #expect(growth.hasPlace == (underWay.count < growth.places))
        }
    }
}
