// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import HoldfastCore

@Suite struct RecordSenderTests {
    private let guardian = NodeInstance(.sample("g"), 1)
    private let other = NodeInstance(.sample("h"), 2)

    private func record(_ seed: UInt64, _ text: String = "") -> ConnectionRecord {
        ConnectionRecord(id: .sample(seed), bytes: ByteBuffer(string: text))
    }

    private func batch(_ listing: UInt64, _ index: UInt64, _ isComplete: Bool, _ changes: [RecordChange]) -> NodeMessage {
        .records(RecordBatch(listing: listing, index: index, isComplete: isComplete, changes: changes))
    }

    /// A sender whose guardian has everything: nothing.
    private func complete() -> RecordSender {
        var sender = RecordSender(checkInterval: .seconds(1))
        _ = sender.change(guardian: guardian)
        _ = sender.tick(at: .after(.zero))
        _ = sender.fetched([], listing: 1)
        return sender
    }

    @Test("Nobody to keep anything: nothing is asked for, nothing sent")
    func alone() {
        var sender = RecordSender(checkInterval: .seconds(1))
        #expect(sender.tick(at: .after(.zero)) == [])
        #expect(sender.keep([.set(record(1))]) == [])
        #expect(sender.fetched([record(1)], listing: 0) == [])
        sender.wanted(by: guardian)
        #expect(sender.tick(at: .after(.zero)) == [])
    }

    @Test("A new guardian gets all records page by page, and the last page says that it was the last")
    func pages() {
        var sender = RecordSender(checkInterval: .seconds(1))
        #expect(sender.change(guardian: guardian) == [])
        #expect(sender.tick(at: .after(.zero)) == [.fetch(after: nil, limit: 500, listing: 1)])
        #expect(sender.tick(at: .after(.zero)) == [])
        let page = (0..<500).map { record(UInt64($0)) }
        #expect(sender.fetched(page, listing: 1) == [.tell(guardian.name, batch(1, 0, false, page.map(RecordChange.set)))])
        #expect(sender.tick(at: .after(.zero)) == [.fetch(after: page[499].id, limit: 500, listing: 1)])
        #expect(sender.fetched([record(900)], listing: 1) == [.tell(guardian.name, batch(1, 1, true, [.set(record(900))]))])
        #expect(sender.tick(at: .after(.zero)) == [])
        #expect(sender.keep([.remove(record(1).id)]) == [.tell(guardian.name, batch(1, 2, true, [.remove(record(1).id)]))])
        #expect(sender.keep([]) == [])
    }

    @Test("What changes while a page is on its way is not undone by it")
    func touched() {
        var sender = RecordSender(checkInterval: .seconds(1))
        _ = sender.change(guardian: guardian)
        _ = sender.tick(at: .after(.zero))
        #expect(sender.keep([.remove(record(1).id)]) == [.tell(guardian.name, batch(1, 0, false, [.remove(record(1).id)]))])
        #expect(sender.keep([.set(record(2, "new"))]).count == 1)
        let orders = sender.fetched([record(1), record(2, "old"), record(3)], listing: 1)
        #expect(orders == [.tell(guardian.name, batch(1, 2, true, [.set(record(3))]))])
    }

    @Test("While a new guardian gets its list, the one before it hears of changes, and then forgets")
    func change() {
        var sender = complete()
        #expect(sender.change(guardian: guardian) == [])
        #expect(sender.change(guardian: other) == [])
        #expect(sender.tick(at: .after(.zero)) == [.fetch(after: nil, limit: 500, listing: 2)])
        let change = RecordChange.set(record(1))
        #expect(sender.keep([change]) == [.tell(guardian.name, batch(1, 1, true, [change])), .tell(other.name, batch(2, 0, false, [change]))])
        #expect(sender.fetched([], listing: 1) == [])
        let orders = sender.fetched([record(5)], listing: 2)
        #expect(orders == [.tell(other.name, batch(2, 1, true, [.set(record(5))])), .tell(guardian.name, .forgetRecords(listing: 1))])
    }

    @Test("When it goes back before the list is through, the old guardian has everything already")
    func back() {
        var sender = complete()
        _ = sender.change(guardian: other)
        _ = sender.tick(at: .after(.zero))
        #expect(sender.change(guardian: guardian) == [.tell(other.name, .forgetRecords(listing: 2))])
        #expect(sender.tick(at: .after(.zero)) == [])
        #expect(sender.fetched([record(1)], listing: 2) == [])
        #expect(sender.keep([.remove(record(1).id)]) == [.tell(guardian.name, batch(1, 1, true, [.remove(record(1).id)]))])
    }

    @Test("A third guardian before the second has its list: the first remains until the third has")
    func third() {
        var sender = complete()
        let third = NodeInstance(.sample("i"), 3)
        _ = sender.change(guardian: other)
        #expect(sender.change(guardian: third) == [.tell(other.name, .forgetRecords(listing: 2))])
        _ = sender.tick(at: .after(.zero))
        #expect(sender.fetched([], listing: 3) == [.tell(third.name, batch(3, 0, true, [])), .tell(guardian.name, .forgetRecords(listing: 1))])
    }

    @Test("A guardian that is gone is told nothing; one that misses something gets a new list")
    func goneAndWanted() {
        var sender = complete()
        sender.gone(guardian)
        #expect(sender.keep([.set(record(1))]) == [])
        #expect(sender.change(guardian: other) == [])
        _ = sender.tick(at: .after(.zero))
        #expect(sender.fetched([], listing: 2) == [.tell(other.name, batch(2, 0, true, []))])
        sender.wanted(by: guardian)
        #expect(sender.tick(at: .after(.zero)) == [])
        sender.wanted(by: other)
        #expect(sender.tick(at: .after(.zero)) == [.fetch(after: nil, limit: 500, listing: 3)])
        #expect(sender.change(guardian: nil) == [])
        #expect(sender.fetched([], listing: 3) == [])
    }

    @Test("A guardian that has everything is told so at intervals: so it sees what it missed")
    func checks() {
        var sender = complete()
        #expect(sender.tick(at: .after(.seconds(1))) == [])
        #expect(sender.tick(at: .after(.milliseconds(1_900))) == [])
        #expect(sender.tick(at: .after(.seconds(2))) == [.tell(guardian.name, batch(1, 1, true, []))])
        #expect(sender.tick(at: .after(.milliseconds(2_100))) == [])
        _ = sender.change(guardian: nil)
        #expect(sender.tick(at: .after(.seconds(9))) == [])
    }

    @Test("Many changes go out in pieces")
    func pieces() {
        var sender = complete()
        let small = (0..<1_200).map { RecordChange.remove(.sample(UInt64($0))) }
        #expect(sender.keep(small).count == 3)
        let large = String(repeating: "x", count: 100_000)
        #expect(sender.keep((0..<6).map { .set(record($0, large)) }).count == 2)
    }
}
