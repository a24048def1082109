// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastCore

/// Several nodes at random, in ways that repeat.
@Suite struct SimulatedClusterTests {
    private static let seeds = UInt64(0)..<60
    private let names = (0..<6).map { NodeName.sample("n\($0)") }

    private func expectOrder(_ cluster: SimulatedCluster) {
        for (listener, heard) in cluster.heard {
            for (publisher, numbers) in heard {
                let isRising = zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
                #expect(isRising, "\(listener) of \(publisher): \(numbers)")
            }
        }
    }

    @Test("Nodes crash, leave, come and come back: what was open on a crashed one is reported once, and nothing else", arguments: seeds)
    func crashes(seed: UInt64) {
        var cluster = SimulatedCluster(seed: seed)
        for name in names.prefix(3) { cluster.start(name) }
        cluster.run(.seconds(3))
        #expect(cluster.agrees)
        var due: Set<ConnectionID> = []
        for _ in 0..<12 {
            // Life goes on for a while, with breaks that are shorter than the lease.
            for _ in 0..<40 {
                if let name = cluster.names.randomElement(using: &cluster.random) {
                    switch Int.random(in: 0..<10, using: &cluster.random) {
                    case 0..<4: cluster.openConnection(name)
                    case 4..<6: cluster.closeConnection(name)
                    case 6..<9: cluster.publish(name)
                    default:
                        cluster.cut(name)
                        cluster.run(.milliseconds(Int.random(in: 1...10, using: &cluster.random) * 100))
                        cluster.connect(name)
                    }
                }
                cluster.step()
            }
            cluster.run(.seconds(4))
            let victims = cluster.names
            guard let victim = victims.randomElement(using: &cluster.random) else { break }
            switch Int.random(in: 0..<4, using: &cluster.random) {
            case 0 where victims.count > 1:
                cluster.leave(victim)
                cluster.run(.seconds(2))
            case 1, 2:
                guard victims.count > 1 else { break }
                due.formUnion(cluster.nodes[victim].map { Array($0.open.keys) } ?? [])
                cluster.crash(victim)
                if cluster.random.oneIn(2) {
                    // Back before the others have noticed, or when they are about to.
                    cluster.run(.milliseconds(Int.random(in: 0...50, using: &cluster.random) * 100))
                    cluster.start(victim)
                }
                if cluster.random.oneIn(3), let newcomer = names.first(where: { !cluster.names.contains($0) && $0 != victim }) {
                    cluster.start(newcomer)
                }
            default:
                if let newcomer = names.first(where: { !cluster.names.contains($0) }) {
                    cluster.start(newcomer)
                    // It may not have been told everything when the next one goes.
                    if cluster.random.oneIn(2) { continue }
                }
            }
            cluster.run(.seconds(20))
            #expect(cluster.agrees)
        }
        cluster.run(.seconds(10))
        #expect(cluster.agrees)
        #expect(cluster.refused.isEmpty)
        let told = cluster.reports.map(\.id)
        #expect(Set(told).count == told.count, "something was reported twice")
        #expect(Set(told) == due)
        #expect(!cluster.heard.isEmpty)
        expectOrder(cluster)
    }

    @Test("The server is divided and heals, connections break for long: in the end all agree, and nothing is told twice", arguments: seeds)
    func partitions(seed: UInt64) {
        var cluster = SimulatedCluster(seed: seed)
        for name in names.prefix(4) { cluster.start(name) }
        cluster.run(.seconds(3))
        for _ in 0..<8 {
            let cut = cluster.names.filter { _ in cluster.random.oneIn(4) }
            for name in cluster.names { cluster.nodes[name]?.part = cluster.random.oneIn(2) ? 1 : 0 }
            for name in cut { cluster.cut(name) }
            for _ in 0..<Int.random(in: 1...100, using: &cluster.random) {
                if let name = cluster.names.randomElement(using: &cluster.random) {
                    switch Int.random(in: 0..<4, using: &cluster.random) {
                    case 0: cluster.openConnection(name)
                    case 1: cluster.closeConnection(name)
                    default: cluster.publish(name)
                    }
                }
                cluster.step()
            }
            for name in cluster.names { cluster.nodes[name]?.part = 0 }
            for name in cut { cluster.connect(name) }
            cluster.run(.seconds(10))
            #expect(cluster.agrees)
        }
        let told = cluster.reports.map(\.id)
        #expect(Set(told).count == told.count, "something was reported twice")
        // Nobody is left open of whom the app was told that it has ended.
        let open = Set(cluster.nodes.values.flatMap(\.open.keys))
        #expect(open.isDisjoint(with: told))
        expectOrder(cluster)
        // Now that all is well, everything arrives.
        let before = cluster.heard
        for name in cluster.names { for _ in 0..<5 { cluster.publish(name) } }
        cluster.run(.seconds(1))
        for listener in cluster.nodes.values {
            for publisher in cluster.nodes.values where publisher.instance != listener.instance {
                let count =
                    (cluster.heard[listener.instance]?[publisher.instance]?.count ?? 0) - (before[listener.instance]?[publisher.instance]?.count ?? 0)
                #expect(count == 5)
            }
        }
    }
}
