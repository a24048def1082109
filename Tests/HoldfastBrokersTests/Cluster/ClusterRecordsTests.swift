// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite(.timeLimit(.minutes(1))) struct ClusterRecordsTests {
    private let cluster = TestCluster()

    private func records(_ node: TestCluster.Node, _ seeds: Range<UInt64>) -> [ConnectionRecord] {
        seeds.map { ConnectionRecord(id: .sample($0, node: node.broker.node), bytes: ByteBuffer(string: "record \($0)")) }
    }

    private func sorted(_ records: [ConnectionRecord]?) -> [ConnectionRecord] { (records ?? []).sorted { $0.id.description < $1.id.description } }

    @Test("The connections of a lost node are reported by one of those that are left, once; when it is back, it is told")
    func lost() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        let open = records(nodes[0], 0..<1_200)
        nodes[0].inbox.change { $0.open = open }
        // Whoever joins next to it is its guardian, and gets the list.
        let guardian = try cluster.make("aa", instance: 4)
        try await cluster.join(guardian)
        await cluster.advance(.seconds(3))
        let more = records(nodes[0], 5_000..<5_010)
        nodes[0].broker.keep(more.map(RecordChange.set))
        nodes[0].broker.keep(open[..<10].map { .remove($0.id) })
        await cluster.advance(.seconds(8))
        nodes[0].bus.cut()
        await cluster.advance(.seconds(12))
        #expect(sorted(guardian.inbox.notes.lost[nodes[0].broker.node]) == sorted(Array(open[10...]) + more))
        #expect(nodes[1].inbox.notes.lost.isEmpty)
        #expect(nodes[2].inbox.notes.lost.isEmpty)
        nodes[0].bus.connect()
        await cluster.advance(.seconds(1))
        #expect(nodes[0].inbox.notes.buried.count == 1_200)
        #expect(guardian.inbox.notes.buried.isEmpty)
    }

    @Test("When the guardian is lost first, the next one has everything in time")
    func guardianLost() async throws {
        let nodes = try await cluster.nodes("a", "b", "c")
        let open = records(nodes[0], 0..<20)
        nodes[0].inbox.change { $0.open = open }
        nodes[0].broker.keep(open.map(RecordChange.set))
        await cluster.advance(.seconds(10))
        nodes[1].bus.cut()
        await cluster.advance(.seconds(13))
        nodes[0].bus.cut()
        await cluster.advance(.seconds(13))
        #expect(sorted(nodes[2].inbox.notes.lost[nodes[0].broker.node]) == sorted(open))
    }

    @Test("Nothing is reported of who says farewell")
    func farewell() async throws {
        let nodes = try await cluster.nodes("a", "b")
        nodes[0].broker.keep(records(nodes[0], 0..<20).map(RecordChange.set))
        await cluster.advance(.seconds(2))
        await nodes[0].broker.leave()
        await cluster.advance(.seconds(20))
        #expect(nodes[1].inbox.notes.lost.isEmpty)
    }

    @Test("Where closing events are not wanted, nothing of it is sent")
    func unwanted() async throws {
        let cluster = TestCluster { $0.closingEvents = .none }
        let nodes = try await cluster.nodes("a", "b")
        await cluster.settle()
        let count = cluster.exchange.log.count
        nodes[0].broker.keep(records(nodes[0], 0..<20).map(RecordChange.set))
        await cluster.advance(.milliseconds(200))
        #expect(cluster.exchange.log.count == count)
        #expect(nodes[0].inbox.notes.fetches == 0)
        nodes[0].bus.cut()
        await cluster.advance(.seconds(20))
        #expect(nodes[1].broker.members.isEmpty)
        #expect(nodes[1].inbox.notes.lost.isEmpty)
    }
}
