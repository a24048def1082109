// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import HoldfastBrokers

@Suite struct ServerListTests {
    private func rounds(_ list: inout ServerList, last: BusAddress? = nil, seed: UInt64) -> [String] {
        var random = FixedRandom(seed: seed)
        list.begin(last: last, using: &random)
        var found: [String] = []
        while let server = list.next() { found.append("\(server)") }
        return found
    }

    @Test("Each server is tried once in a round, in an order that changes")
    func rounds() throws {
        let addresses = try ["a", "b", "c", "d"].map { try BusAddress("nats://\($0)") }
        var list = ServerList(addresses)
        let orders = (0..<20).map { rounds(&list, seed: $0) }
        for order in orders { #expect(order.sorted() == addresses.map { "\($0)" }) }
        #expect(Set(orders).count > 5)
    }

    @Test("The server that was just lost comes last")
    func last() throws {
        let addresses = try ["a", "b", "c"].map { try BusAddress("nats://\($0)") }
        var list = ServerList(addresses)
        for seed in 0..<20 as Range<UInt64> { #expect(rounds(&list, last: addresses[1], seed: seed).last == "nats://b:4222") }
        var alone = ServerList([addresses[0]])
        #expect(rounds(&alone, last: addresses[0], seed: 1) == ["nats://a:4222"])
    }

    @Test("What a server tells of others is kept until the next tells, once and bounded")
    func learning() throws {
        let address = try BusAddress("nats://u:p@a")
        var list = ServerList([address])
        list.learn([HostPort(host: "a", port: 4222), HostPort(host: "b", port: 1), HostPort(host: "b", port: 1)], from: address)
        #expect(list.count == 2)
        #expect(rounds(&list, seed: 1).sorted() == ["nats://a:4222", "nats://b:1"])
        list.learn([HostPort(host: "c", port: 1)], from: address)
        #expect(rounds(&list, seed: 1).sorted() == ["nats://a:4222", "nats://c:1"])
        list.learn((1..<1000).map { HostPort(host: "d", port: $0) }, from: address)
        #expect(list.count == 1 + ServerList.maxLearned)
        #expect(address.elsewhere(HostPort(host: "x", port: 1)).login == address.login)
    }

    @Test("Waiting times begin small, double, and end at two seconds; any part of them may be waited")
    func backOff() {
        #expect((0..<8).map { BackOff.delay(after: $0, jitter: 1) } == [50, 100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) })
        #expect(BackOff.delay(after: 1_000_000, jitter: 0.5) == .seconds(1))
        #expect(BackOff.delay(after: 3, jitter: 0) == .zero)
    }
}
