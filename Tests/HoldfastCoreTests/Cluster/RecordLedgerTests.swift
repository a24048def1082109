// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import HoldfastCore

@Suite struct RecordLedgerTests {
    private let own = NodeName.sample("own")
    private let far = NodeName.sample("far")
    private let node = NodeInstance(.sample("n"), 1)
    private let start = MonotonicTime.after(.seconds(1))

    private func record(_ seed: UInt64, _ text: String = "r") -> ConnectionRecord {
        ConnectionRecord(id: .sample(seed, node: node.name), bytes: ByteBuffer(string: text))
    }

    private func batch(_ listing: UInt64, _ index: UInt64, _ isComplete: Bool, _ seeds: [UInt64], removing: [UInt64] = []) -> RecordBatch {
        let changes = seeds.map { RecordChange.set(record($0)) } + removing.map { RecordChange.remove(record($0).id) }
        return RecordBatch(listing: listing, index: index, isComplete: isComplete, changes: changes)
    }

    private func handed(_ listing: UInt64, _ isComplete: Bool, _ seeds: [UInt64], isLast: Bool = true) -> HandedOverRecords {
        HandedOverRecords(lost: node, listing: listing, isComplete: isComplete, isLast: isLast, records: seeds.map { record($0) })
    }

    private func sorted(_ seeds: [UInt64]) -> [ConnectionRecord] { seeds.map { record($0) }.sorted { $0.id.description < $1.id.description } }

    private func report(_ seeds: [UInt64]) -> [RecordLedger.Order] { [.report(sorted(seeds), of: node.name), .tellAll(.reported(node))] }

    /// A ledger with a complete list of these.
    private func ledger(_ seeds: [UInt64]) -> RecordLedger {
        var ledger = RecordLedger()
        _ = ledger.take(batch(1, 0, true, seeds), of: node, at: start)
        return ledger
    }

    @Test("What it has whole it reports at once, once, and says so")
    func whole() {
        var ledger = ledger([1, 2, 3])
        _ = ledger.take(batch(1, 1, true, [4], removing: [2]), of: node, at: start)
        #expect(ledger.recordCount == 3)
        ledger.lost(node, successor: own, own: own, at: start)
        #expect(ledger.tick(at: start) == report([1, 3, 4]))
        #expect(ledger.tick(at: start) == [])
        #expect(ledger.recordCount == 0)
        #expect(ledger.byteCount == 0)
        ledger.lost(node, successor: own, own: own, at: start)
        #expect(ledger.tick(at: start + .seconds(9)) == [])
        // Late: it had them all, so these are old.
        #expect(ledger.take(handed(1, true, [1, 2]), isMember: false, at: start) == [.tellAll(.reported(node))])
    }

    @Test("Numbers that no node comes to are not taken", arguments: [(0, 0), (0, .max), (1, .max), (.max, 0)] as [(UInt64, UInt64)])
    func strangeNumbers(_ listing: UInt64, _ index: UInt64) {
        var ledger = RecordLedger()
        #expect(ledger.take(batch(listing, index, true, [1]), of: node, at: start) == [])
        #expect(ledger.recordCount == 0 && ledger.byteCount == 0)
    }

    @Test("Records that go to another node fit into a message, however large they are")
    func largePages() {
        var ledger = RecordLedger()
        let large = String(repeating: "x", count: 100_000)
        let changes = (1...20 as ClosedRange<UInt64>).map { RecordChange.set(record($0, large)) }
        _ = ledger.take(RecordBatch(listing: 1, index: 0, isComplete: true, changes: changes), of: node, at: start)
        ledger.lost(node, successor: far, own: own, at: start)
        var pages: [HandedOverRecords] = []
        for _ in 0..<20 {
            for case .tell(far, .handedOver(let page)) in ledger.tick(at: start) { pages.append(page) }
        }
        #expect(pages.allSatisfy { $0.records.reduce(0) { $0 + $1.bytes.readableBytes } <= 512 << 10 && !$0.records.isEmpty })
        #expect(pages.flatMap(\.records).count == 20)
        #expect(pages.map(\.isLast) == Array(repeating: false, count: pages.count - 1) + [true])
    }

    @Test("What is not whole waits for others that have more")
    func partial() {
        var ledger = RecordLedger()
        _ = ledger.take(batch(2, 0, false, [5]), of: node, at: start)
        ledger.lost(node, successor: own, own: own, at: start)
        #expect(ledger.tick(at: start) == [])
        #expect(ledger.take(handed(1, true, [1], isLast: false), isMember: false, at: start) == [])
        #expect(ledger.take(handed(1, true, [2]), isMember: false, at: start) == [])
        #expect(ledger.tick(at: start + .milliseconds(900)) == [])
        #expect(ledger.tick(at: start + .seconds(1)) == [.report(sorted([1, 2, 5]), of: node.name)])
        // It is not certain that there are no others: one more is told, and none twice.
        #expect(ledger.take(handed(1, false, [2, 7]), isMember: false, at: start) == [.report([record(7)], of: node.name)])
        #expect(ledger.take(handed(1, false, [2, 7]), isMember: false, at: start) == [])
        #expect(ledger.take(handed(3, true, [2], isLast: false), isMember: false, at: start) == [])
        #expect(ledger.take(handed(3, true, [8]), isMember: false, at: start) == report([8]))
        #expect(ledger.take(handed(1, true, [9]), isMember: false, at: start) == [.tellAll(.reported(node))])
        #expect(ledger.recordCount == 0)
    }

    @Test("Of several lists the last whole one counts, and what came after it")
    func lists() {
        var ledger = RecordLedger()
        ledger.lost(node, successor: own, own: own, at: start)
        _ = ledger.take(handed(3, false, [9]), isMember: false, at: start)
        _ = ledger.take(handed(1, true, [1]), isMember: false, at: start)
        _ = ledger.take(handed(2, true, [2]), isMember: false, at: start)
        #expect(ledger.tick(at: start + .seconds(1)) == [.report(sorted([2, 9]), of: node.name)])
    }

    @Test("Who is not the successor hands over, and forgets when it hears that it was reported")
    func handsOver() {
        var ledger = ledger(Array(1...700))
        ledger.lost(node, successor: far, own: own, at: start)
        let first = ledger.tick(at: start)
        let second = ledger.tick(at: start)
        let all = sorted(Array(1...700))
        #expect(
            first == [
                .tell(far, .handedOver(HandedOverRecords(lost: node, listing: 1, isComplete: true, isLast: false, records: Array(all[..<500]))))
            ])
        #expect(
            second == [
                .tell(far, .handedOver(HandedOverRecords(lost: node, listing: 1, isComplete: true, isLast: true, records: Array(all[500...]))))
            ])
        #expect(ledger.tick(at: start + .milliseconds(4_900)) == [])
        // Nobody says that it has reported them: they are handed over again, for a while.
        #expect(ledger.tick(at: start + .seconds(5)) == first)
        #expect(ledger.tick(at: start + .seconds(5)) == second)
        #expect(ledger.recordCount == 700)
        ledger.reported(node)
        #expect(ledger.recordCount == 0)
        ledger.reconsider(own: own, at: start) { _ in own }
        #expect(ledger.tick(at: start + .seconds(15)) == [])
    }

    @Test("It is not tried for ever")
    func gaveUp() {
        var ledger = ledger([1])
        ledger.lost(node, successor: far, own: own, at: start)
        var time = start
        var count = 0
        while ledger.recordCount > 0, count < 1_000 {
            count += ledger.tick(at: time).count
            time = time + .seconds(1)
        }
        #expect(count == 60)
    }

    @Test("When the successor is gone before it has reported, the next one gets them, or this one reports")
    func successorGone() {
        var ledger = ledger([1])
        ledger.lost(node, successor: far, own: own, at: start)
        _ = ledger.tick(at: start)
        ledger.reconsider(own: own, at: start) { _ in far }
        #expect(ledger.tick(at: start) == [])
        ledger.reconsider(own: own, at: start) { _ in .sample("next") }
        #expect(ledger.tick(at: start).count == 1)
        ledger.reconsider(own: own, at: start) { _ in own }
        #expect(ledger.tick(at: start) == report([1]))
    }

    @Test("A node that is back before it was reported is not reported; one that was is told")
    func back() {
        var ledger = ledger([1, 2])
        ledger.lost(node, successor: far, own: own, at: start)
        #expect(ledger.joined(node) == [])
        #expect(ledger.tick(at: start + .seconds(9)) == [])
        #expect(ledger.recordCount == 2)
        ledger.lost(node, successor: own, own: own, at: start)
        #expect(ledger.tick(at: start) == report([1, 2]))
        let told: [RecordLedger.Order] = [.tell(node.name, .buried(instance: 1, sorted([1, 2]).map(\.id)))]
        #expect(ledger.announced(node) == [], "who is not back is not told")
        #expect(ledger.joined(node) == told)
        // It may not have heard: its announcements are answered with it for a while, and then no more.
        for _ in 0..<RecordLedger.tellings { #expect(ledger.announced(node) == told) }
        #expect(ledger.announced(node) == [])
        // What it lists again before it has heard of it is not told twice.
        _ = ledger.take(batch(2, 0, true, [2, 3]), of: node, at: start)
        ledger.lost(node, successor: own, own: own, at: start)
        #expect(ledger.tick(at: start) == report([3]))
        #expect(ledger.joined(NodeInstance(node.name, 2)) == [])
        #expect(ledger.joined(node) == [])
    }

    @Test("Records handed over of a node that this one sees are not taken: they come again")
    func doubt() {
        var ledger = RecordLedger()
        #expect(ledger.take(handed(1, true, [1]), isMember: true, at: start) == [])
        #expect(ledger.recordCount == 0)
        #expect(ledger.take(handed(1, true, [1]), isMember: false, at: start) == [])
        #expect(ledger.tick(at: start + .seconds(1)) == report([1]))
    }

    @Test("A farewell, and a new guardian, end what is kept")
    func ends() {
        var ledger = ledger([1])
        ledger.left(node)
        #expect(ledger.recordCount == 0)
        _ = ledger.take(batch(3, 0, true, [1]), of: node, at: start)
        ledger.forget(node, listing: 2)
        #expect(ledger.recordCount == 1)
        ledger.forget(node, listing: 3)
        #expect(ledger.recordCount == 0)
        ledger.lost(node, successor: nil, own: own, at: start)
        #expect(ledger.tick(at: start + .seconds(5)) == [])
    }

    @Test("What did not come is asked for, once a second; the new list replaces the old one when it is whole")
    func gaps() {
        var ledger = ledger([1, 2])
        let asking: [RecordLedger.Order] = [.tell(node.name, .wantsRecords(instance: 1))]
        #expect(ledger.take(batch(1, 3, true, [3]), of: node, at: start) == asking)
        #expect(ledger.take(batch(1, 4, true, [4]), of: node, at: start) == [])
        #expect(ledger.take(batch(1, 5, true, [5]), of: node, at: start + .seconds(1)) == asking)
        #expect(ledger.take(batch(1, 1, true, [9]), of: node, at: start) == [])
        #expect(ledger.recordCount == 5)
        #expect(ledger.take(batch(2, 0, false, [1]), of: node, at: start) == [])
        #expect(ledger.recordCount == 5)
        #expect(ledger.take(batch(2, 1, true, []), of: node, at: start) == [])
        #expect(ledger.recordCount == 1)
        #expect(ledger.take(batch(1, 6, true, [8]), of: node, at: start) == [])
        #expect(ledger.recordCount == 1)
    }

    @Test("The middle of a list whose beginning did not come is not kept")
    func middle() {
        var ledger = RecordLedger()
        #expect(ledger.take(batch(4, 2, true, [1]), of: node, at: start) == [.tell(node.name, .wantsRecords(instance: 1))])
        #expect(ledger.take(batch(4, 3, true, [1]), of: node, at: start) == [])
        #expect(ledger.recordCount == 0)
        #expect(ledger.take(batch(5, 0, true, [1]), of: node, at: start) == [])
        #expect(ledger.recordCount == 1)
    }

    @Test("No more is kept than there is room for, and what is not is counted")
    func bounds() {
        var limits = RecordLedger.Limits()
        limits.records = 3
        limits.buried = 2
        var ledger = RecordLedger(limits: limits)
        _ = ledger.take(batch(1, 0, true, [1, 2, 3, 4, 5]), of: node, at: start)
        #expect(ledger.recordCount == 3)
        #expect(ledger.refusedCount == 2)
        _ = ledger.take(batch(1, 1, true, [1]), of: node, at: start)
        #expect(ledger.refusedCount == 2)
        let second = NodeInstance(.sample("o"), 2)
        _ = ledger.take(HandedOverRecords(lost: second, listing: 1, isComplete: true, isLast: true, records: [record(8)]), isMember: false, at: start)
        #expect(ledger.refusedCount == 3)
        var small = RecordLedger.Limits()
        small.bytes = 400
        var other = RecordLedger(limits: small)
        _ = other.take(batch(1, 0, true, [1, 2, 3, 4, 5]), of: node, at: start)
        #expect(other.recordCount < 5)
        #expect(other.byteCount <= 600)
        // The graves of the node that was lost first go first.
        ledger.lost(node, successor: own, own: own, at: start)
        _ = ledger.tick(at: start)
        _ = ledger.take(HandedOverRecords(lost: second, listing: 1, isComplete: true, isLast: true, records: [record(8)]), isMember: false, at: start)
        _ = ledger.tick(at: start + .seconds(1))
        #expect(ledger.joined(node) == [])
        #expect(ledger.joined(second).count == 1)
    }
}
